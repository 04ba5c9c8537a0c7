#!/bin/sh
# Makes one API key with every scope on first use, for the stack of compose.yaml alone. Needs nothing but a shell.
set -eu
cd "$(dirname "$0")"
mkdir -p secrets
chmod 700 secrets
if [ -s secrets/keys.yaml ]; then exit 0; fi

token=$(head -c 32 /dev/urandom | base64 | tr '+/' '-_' | tr -d '=\n')
if command -v sha256sum >/dev/null; then hash=sha256sum; else hash="shasum -a 256"; fi
digest=$(printf %s "$token" | $hash | cut -d ' ' -f 1)

# Only the hash is read inside the containers, by a user that is not yours; the directory keeps others out here.
(umask 077 && printf '%s\n' "$token" > secrets/token)
printf 'keys:\n  - name: local\n    sha256: "%s"\n    scopes: [events, clock, warnings, acknowledge, deliveries, silences, contacts]\n' "$digest" \
    > secrets/keys.yaml
chmod 644 secrets/keys.yaml
echo "made an API key: deploy/compose/secrets/token"
