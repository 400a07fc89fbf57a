# The image of every process of the service: `zhijian api`, `scheduler`, `sender`, `migrate`, `import`, `setup`.
# The lock was resolved for Python 3.11, and both stages must have the same interpreter at the same path.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1

# Everything that is fetched is checked against the lock here; nothing below reaches the network.
COPY requirements.lock ./
RUN pip download --quiet --only-binary :all: --require-hashes --dest wheels -r requirements.lock

RUN python -m venv tools \
 && tools/bin/pip install --quiet --no-index --find-links wheels hatchling editables
COPY pyproject.toml README.md ./
COPY app app
COPY content content
COPY scheduler scheduler
COPY migrations migrations
RUN tools/bin/pip wheel --quiet --no-index --no-deps --no-build-isolation --wheel-dir dist .

# Only what the wheel itself asks for: no pip, no build and no test tools.
RUN python -m venv --without-pip /opt/zhijian \
 && pip --python /opt/zhijian/bin/python install --quiet --no-index --find-links wheels dist/*.whl


FROM python:3.11.14-slim-bookworm
RUN useradd --uid 10001 --user-group --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin zhijian \
 && install --directory --owner zhijian --group zhijian --mode 0700 /srv/zhijian /srv/zhijian/media
COPY --from=build /opt/zhijian /opt/zhijian
ENV PATH=/opt/zhijian/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    ZHIJIAN_HOST=0.0.0.0 \
    PORT=8000
WORKDIR /srv/zhijian
USER zhijian
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=2)"]
ENTRYPOINT ["zhijian"]
CMD ["api"]
