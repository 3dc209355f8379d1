# Dashboard and endpoint on port 8501, as a user without rights; what it writes lies in the volume.
# BASE: any image with Debian's packages and Python 3.11 or newer with venv.
ARG BASE=python:3.11-slim

FROM ${BASE} AS build
# CPU=1: torch without CUDA's libraries. Empty: with them.
ARG CPU=1
ARG TORCH_CPU=https://download.pytorch.org/whl/cpu
RUN apt-get update && apt-get install --yes --no-install-recommends make
WORKDIR /signwatch
COPY Makefile requirements.txt ./
RUN make install CPU=${CPU} TORCH_CPU=${TORCH_CPU}

FROM ${BASE}
RUN useradd --uid 10001 --no-create-home --home-dir /var/lib/signwatch signwatch \
    && install --directory --owner=signwatch --group=signwatch --mode=700 /var/lib/signwatch
WORKDIR /signwatch
COPY --from=build /signwatch/.venv .venv
COPY . .
ENV PATH=/signwatch/.venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    SIGNWATCH_LOCAL=/var/lib/signwatch
USER signwatch
VOLUME /var/lib/signwatch
EXPOSE 8501
HEALTHCHECK --start-period=60s --timeout=10s CMD ["python", "-c", \
    "from urllib.request import urlopen; urlopen('http://127.0.0.1:8501/ping', timeout=9)"]
# All addresses of the container. Which of the host's lead there, whoever starts it decides. With a
# browser.serverAddress, Streamlit asks no server elsewhere for the address of this machine.
CMD ["streamlit", "run", "dashboard.py", \
    "--server.address=0.0.0.0", "--browser.serverAddress=localhost"]
