#!/bin/sh
# Makes on first use, for the stack of compose.yaml alone: one API key with every scope, what signs acknowledgement links,
# and what seals borrowers' contacts. Needs nothing but a shell.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets

random() { head -c 32 /dev/urandom | base64 | tr -d '\n'; }

# Read inside the containers, by a user that is not yours; the directory keeps others out here.
keep() {
    printf '%s\n' "$2" > "secrets/$1"
    chmod 644 "secrets/$1"
    echo "made deploy/compose/secrets/$1"
}

if [ ! -s secrets/acknowledgement-links ]; then keep acknowledgement-links "$(random)"; fi
# Lost, it takes every contact along: nothing else opens them.
if [ ! -s secrets/contact-keys ]; then keep contact-keys "first:$(random)"; fi
if [ -s secrets/keys.yaml ]; then exit 0; fi

token=$(random | tr '+/' '-_' | tr -d '=')
if command -v sha256sum >/dev/null; then hash=sha256sum; else hash="shasum -a 256"; fi
digest=$(printf %s "$token" | $hash | cut -d ' ' -f 1)

# Inside the containers only the hash is read.
(umask 077 && printf '%s\n' "$token" > secrets/token)
keep keys.yaml "$(printf 'keys:\n  - name: local\n    sha256: "%s"\n    scopes: [%s]' "$digest" \
    "events, clock, warnings, acknowledge, deliveries, silences, contacts")"
echo "made an API key: deploy/compose/secrets/token"
