# Drives the sample for Python of docs/clients.md. Each line of standard input is a verb and its argument. It
# answers each with a line.
import concurrent.futures
import json
import os
import sys
import urllib.error
import urllib.request

from session import Session, SignedOut


def save(token):
    if token is None:
        return os.remove("stored")
    with open("stored", "w") as f:
        f.write(token)


def get(url):
    try:
        with session.open(urllib.request.Request(url)) as answer:
            return f"{answer.status} {answer.read().decode()}"
    except urllib.error.HTTPError as error:
        if error.code == 403:
            return f"403 {error.read().decode()}"
        raise


def code(body):
    try:
        return json.loads(body)["code"]
    except ValueError:
        return ""


def do(verb, argument):
    if verb == "login":
        session.login(argument, os.environ["PASSWORD"])
        return "ok"
    if verb == "logout":
        session.logout()
        return "ok"
    if verb == "get":
        return get(argument)
    with concurrent.futures.ThreadPoolExecutor(10) as threads:  # many
        return list(threads.map(get, [argument] * 10))[-1]


session = Session(save, open("stored").read() if os.path.exists("stored") else None)
for line in sys.stdin:
    try:
        said = do(*line.rstrip("\n").split(" ", 1) if " " in line else (line.strip(), ""))
    except SignedOut:
        said = "signed out"
    except urllib.error.HTTPError as error:
        said = f"refused {error.code} {code(error.read())}"
    except Exception as error:
        said = f"error {error!r}"
    print(said.replace("\n", " "), flush=True)
