# A worker that detects with OpenVINO on the CPU; no torch in it. Built from the repository's root.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements/ requirements/
COPY docker/install.sh docker/
COPY vision/ vision/
COPY api/ api/
COPY weights/ weights/
ENV PIP_NO_CACHE_DIR=1
RUN sh docker/install.sh /opt/lanewatch base

FROM python:3.11-slim-bookworm
RUN useradd --uid 10001 --create-home --home-dir /var/lib/lanewatch lanewatch
COPY --from=build /opt/lanewatch /opt/lanewatch
COPY config/ /etc/lanewatch/
COPY docker/worker_health.py /opt/lanewatch/
ENV PATH=/opt/lanewatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    LANEWATCH_DATA=/var/lib/lanewatch \
    LANEWATCH_GATE=/etc/lanewatch/kim-thanh.yaml
USER 10001:10001
WORKDIR /var/lib/lanewatch
VOLUME /var/lib/lanewatch
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s CMD ["python", "/opt/lanewatch/worker_health.py"]
CMD ["lanewatch", "worker"]
