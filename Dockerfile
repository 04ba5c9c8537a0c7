# syntax=docker/dockerfile:1
# One image for all three services: its arguments say which, for example `services.ingest` or `services.warning migrate`.
# Pin the base by digest where you build for production: --build-arg BASE=python:3.13-slim-bookworm@sha256:...
ARG BASE=python:3.13-slim-bookworm

FROM ${BASE} AS build
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/
# Wheels alone and each by its hash: nothing is compiled, and nothing arrives that the lock file does not name.
RUN /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --only-binary=:all: --require-hashes \
    --requirement /tmp/requirements.txt
COPY services /app/services
COPY shared /app/shared
RUN /opt/venv/bin/python -m compileall -q /opt/venv/lib /app

FROM ${BASE}
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 HTTP_HOST=0.0.0.0 HTTP_PORT=8080
COPY --from=build /opt/venv /opt/venv
COPY --from=build /app /app
WORKDIR /app
# A number, so that Kubernetes can see that it is not root; it owns nothing and writes nothing.
USER 10001:10001
EXPOSE 8080
ENTRYPOINT ["python", "-m"]
CMD ["services.ingest"]
