# dragoman's own image: the coordinator of a flow, and what hands its steps' outputs on, in a cluster and on AWS Batch.
#
#   docker build -t registry.example.com/dragoman:0.1.0 .
#
# Then say `targets.kubernetes.image` or `targets.batch.image`. It needs no root, no shell and no writable disk.
FROM python:3.12-slim AS build
COPY pyproject.toml requirements.txt README.md /src/
COPY translator /src/translator
COPY policies /src/policies
RUN python -m venv /opt/dragoman \
 && /opt/dragoman/bin/pip install --no-cache-dir --constraint /src/requirements.txt '/src[kubernetes,batch]' \
 && /opt/dragoman/bin/python -m compileall -q /opt/dragoman

FROM python:3.12-slim
COPY --from=build /opt/dragoman /opt/dragoman
ENV PATH=/opt/dragoman/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 1000:1000
# no entrypoint: AWS Batch could not replace it
CMD ["dragoman", "--help"]
