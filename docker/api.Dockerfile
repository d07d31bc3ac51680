# The api with the operators' page. Built from the repository's root: docker build -f docker/api.Dockerfile .
FROM node:22-bookworm-slim AS page
WORKDIR /src/dashboard
COPY dashboard/package.json dashboard/package-lock.json dashboard/.npmrc ./
RUN npm ci --no-audit --no-fund
COPY dashboard/ ./
RUN npm run build

FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements/ requirements/
COPY docker/install.sh docker/
COPY vision/ vision/
COPY api/ api/
COPY weights/ weights/
ENV PIP_NO_CACHE_DIR=1
RUN sh docker/install.sh /opt/lanewatch base postgresql

# The source code that the service offers: the tracked files of the build context, by git's own list of them.
FROM python:3.11-slim-bookworm AS source
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
RUN git init --quiet . && python3 -m api.web.source_archive /source.tar.gz

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/lanewatch lanewatch
COPY --from=build /opt/lanewatch /opt/lanewatch
COPY --from=page /src/dashboard/dist /opt/lanewatch/dashboard
COPY --from=source /source.tar.gz /opt/lanewatch/share/lanewatch/source.tar.gz
COPY config/ /etc/lanewatch/
ENV PATH=/opt/lanewatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LANEWATCH_DATA=/var/lib/lanewatch \
    LANEWATCH_GATE=/etc/lanewatch/kim-thanh.yaml \
    LANEWATCH_DASHBOARD=/opt/lanewatch/dashboard \
    LANEWATCH_HOST=0.0.0.0 \
    LANEWATCH_PORT=8080
USER 10001:10001
WORKDIR /var/lib/lanewatch
VOLUME /var/lib/lanewatch
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
    CMD ["python", "-c", "import os, urllib.request as u; u.urlopen(f'http://127.0.0.1:{os.environ[\"LANEWATCH_PORT\"]}/healthz', timeout=4)"]
CMD ["lanewatch", "api"]
