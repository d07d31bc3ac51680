# A worker that detects with ultralytics on an NVIDIA GPU (.pt or TensorRT .engine). Built from the repository's root.
# torch brings its own CUDA libraries; the image adds the runtime that a TensorRT engine links to.
# Versions of the system packages are not pinned: Ubuntu keeps only the newest.
FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04 AS build
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 python3-venv \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY requirements/ requirements/
COPY docker/install.sh docker/
COPY vision/ vision/
COPY api/ api/
COPY weights/ weights/
ENV PIP_NO_CACHE_DIR=1
RUN sh docker/install.sh /opt/lanewatch ml ml

FROM nvidia/cuda:13.0.1-runtime-ubuntu24.04
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends python3 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --uid 10001 --create-home --home-dir /var/lib/lanewatch lanewatch
COPY --from=build /opt/lanewatch /opt/lanewatch
COPY config/ /etc/lanewatch/
COPY docker/worker_health.py /opt/lanewatch/
ENV PATH=/opt/lanewatch/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility,video \
    LANEWATCH_DATA=/var/lib/lanewatch \
    LANEWATCH_GATE=/etc/lanewatch/kim-thanh.yaml
USER 10001:10001
WORKDIR /var/lib/lanewatch
VOLUME /var/lib/lanewatch
HEALTHCHECK --interval=10s --timeout=5s --start-period=120s CMD ["python3", "/opt/lanewatch/worker_health.py"]
CMD ["lanewatch", "worker"]
