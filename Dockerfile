# docker build -t ganscope .                       CUDA torch, as the package index gives it
# docker build -t ganscope --build-arg TORCH=cpu \
#   --build-arg TORCH_INDEX_URL=URL .              CPU torch, about 4 GB smaller
# docker run -p 7860:7860 ganscope                 add --gpus all for CUDA
FROM node:20-slim AS engine
WORKDIR /engine
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund
COPY ui/compress.mjs ui/
RUN node ui/compress.mjs

FROM python:3.11-slim

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1

RUN useradd --create-home --uid 1000 ganscope
WORKDIR /home/ganscope/app

# Packages change less often than the code, and torch least of all: one layer each, before the code. Each is exactly
# the file that requirements.lock has the hash of; only the CPU wheels of torch, which PyTorch publishes on an index of
# its own, are taken by version. That address (see the install page of pytorch.org) is an argument, so that this file
# names no host and a mirror can stand in.
ARG TORCH=cuda
ARG TORCH_INDEX_URL=
COPY requirements.lock .
RUN set -eu; \
    awk '/^[a-z]/ { torch = /^(torch==|torchvision==|triton==|cuda-|nvidia-)/ } \
        { print > (torch ? "torch.lock" : "rest.lock") }' requirements.lock; \
    case "$TORCH" in \
        cuda) pip install --no-deps --require-hashes -r torch.lock ;; \
        cpu) [ -n "$TORCH_INDEX_URL" ] || { \
            echo "TORCH=cpu needs --build-arg TORCH_INDEX_URL=<PyTorch's index of CPU wheels>." >&2; exit 1; }; \
            sed -nE 's/^(torch(vision)?==[^ ]+).*/\1/p' torch.lock > torch.txt; \
            pip install --no-deps --index-url "$TORCH_INDEX_URL" -r torch.txt ;; \
        *) echo "TORCH is '$TORCH'; set it to cpu or cuda." >&2; exit 1 ;; \
    esac
RUN pip install --no-deps --require-hashes -r rest.lock && pip check && rm ./*.lock

# The code belongs to root: the app can read it and change nothing but its own home.
COPY . .
COPY --from=engine /engine/node_modules/onnxruntime-web/dist/ort.wasm.min.mjs* \
    /engine/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.mjs* \
    /engine/node_modules/onnxruntime-web/dist/ort-wasm-simd-threaded.wasm* \
    node_modules/onnxruntime-web/dist/
COPY --from=engine /engine/node_modules/gifenc/dist/gifenc.esm.js node_modules/gifenc/dist/
RUN mkdir /home/ganscope/data && chown ganscope:ganscope /home/ganscope/data

USER 1000
ENV HOME=/home/ganscope \
    GRADIO_SERVER_NAME=0.0.0.0 \
    GRADIO_SERVER_PORT=7860 \
    GRADIO_TEMP_DIR=/home/ganscope/data/gradio \
    GANSCOPE_RUNS_DIR=/home/ganscope/data/runs \
    GRADIO_ANALYTICS_ENABLED=False \
    HF_HUB_DISABLE_TELEMETRY=1
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 CMD ["python", "-c", "\
import os, urllib.request; \
port = os.environ.get('GANSCOPE_PORT') or os.environ['GRADIO_SERVER_PORT']; \
urllib.request.urlopen(f'http://127.0.0.1:{port}/healthz', timeout=4)"]

CMD ["python", "app.py"]
