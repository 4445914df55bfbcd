# Drives the sample of a service for Python of docs/clients.md. Each line of standard input is a URL. It answers
# each with a line.
import os
import sys
import urllib.error
import urllib.request

from service import Service

service = Service(os.environ["SECRET"])
for line in sys.stdin:
    try:
        with service.open(urllib.request.Request(line.strip())) as answer:
            said = f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        said = f"{error.code} {error.read().decode()}"
    print(said.replace("\n", " "), flush=True)
