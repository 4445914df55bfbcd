"""Prints hashes of passlib, Werkzeug, Django and bcrypt, as the script make does."""
import json
import sys

import bcrypt
import django
from django.conf import settings
from django.contrib.auth import hashers
from passlib import hash as passlib
from werkzeug.security import generate_password_hash

settings.configure(PASSWORD_HASHERS=[
    "django.contrib.auth.hashers." + name
    for name in ("PBKDF2PasswordHasher", "PBKDF2SHA1PasswordHasher", "BCryptSHA256PasswordHasher", "BCryptPasswordHasher")
])
django.setup()


def line(program, password, made, cuts=False):
    kept = cuts and len(password.encode()) >= 72
    print(json.dumps({"program": program, "password": password, "hash": made, "kept": kept}))


for password in sys.argv[1:]:
    for kind, cost in (
        ("bcrypt_sha256", {"rounds": 4}), ("pbkdf2_sha1", {"rounds": 1000}), ("pbkdf2_sha256", {"rounds": 1000}),
        ("pbkdf2_sha512", {"rounds": 1000}), ("sha256_crypt", {"rounds": 1000}), ("sha512_crypt", {"rounds": 1000}),
        ("scrypt", {"rounds": 10}), ("phpass", {"rounds": 7}), ("ldap_pbkdf2_sha256", {"rounds": 1000}),
        ("atlassian_pbkdf2_sha1", {}), ("ldap_sha512_crypt", {"rounds": 1000}),
    ):
        line("passlib " + kind, password, getattr(passlib, kind).using(**cost).hash(password))
    line("passlib bcrypt_sha256 v1", password, passlib.bcrypt_sha256.using(rounds=4, version=1).hash(password))
    line("bcrypt", password, bcrypt.hashpw(password.encode()[:72], bcrypt.gensalt(4)).decode(), True)
    for method in ("pbkdf2:sha256:1000", "pbkdf2:sha512:1000"):
        line("Werkzeug " + method, password, generate_password_hash(password, method))
    for kind in ("pbkdf2_sha256", "pbkdf2_sha1", "bcrypt_sha256"):
        line("Django " + kind, password, hashers.make_password(password, hasher=kind))
