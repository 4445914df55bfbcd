# Verifies tokens with a sample of docs/keys.md, which a test puts into sample.py. Tokens are lines of
# standard input. It answers each with a line: good and the user's id, or refused and why.
import sys

from sample import verify

for line in sys.stdin:
    try:
        print("good", verify(line.strip())["sub"], flush=True)
    except Exception as err:
        print("refused", repr(err).replace("\n", " "), flush=True)
