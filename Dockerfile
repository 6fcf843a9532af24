# The run of `make run` in a container: `make docker`, or see docker-compose.yml.
FROM python:3.12-slim

# llama.cpp is linked against OpenMP, which the slim image does not have.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libgomp1 \
 && rm -rf /var/lib/apt/lists/*

ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore \
    PYTHONUNBUFFERED=1 HOME=/tmp

WORKDIR /portlap
COPY requirements/run.txt requirements/engine.txt requirements/
RUN pip install --require-hashes -r requirements/run.txt \
 && pip install --require-hashes --no-deps -r requirements/engine.txt

COPY . .
RUN pip install --no-deps --no-build-isolation -e . \
 && useradd --uid 1000 --no-create-home --home-dir /tmp portlap \
 && install -d -o portlap -g portlap runs

USER portlap
EXPOSE 8089
ENTRYPOINT ["locust"]
CMD ["--headless"]
