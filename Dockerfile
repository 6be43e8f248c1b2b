# One image for web, worker, beat and the one-shot migration; docker-compose.yml names the commands.
FROM python:3.11-slim-bookworm

RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        gettext poppler-utils postgresql-client tesseract-ocr tesseract-ocr-vie \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home sauro \
    && mkdir -p /app/var /data /backup \
    && chown sauro:sauro /app/var /data /backup

ENV PYTHONUNBUFFERED=1 PYTHONUTF8=1 LC_ALL=C.UTF-8 OMP_THREAD_LIMIT=1 \
    UV_PROJECT_ENVIRONMENT=/usr/local VAR_DIR=/app/var DATA_DIR=/data
WORKDIR /app

COPY pyproject.toml uv.lock ./
RUN pip install --no-cache-dir 'uv>=0.5' \
    && uv sync --frozen --no-dev --inexact --no-cache --compile-bytecode

COPY . .
RUN python -m config.launcher build && chown -R sauro:sauro /app/var

USER sauro
VOLUME /data
ENTRYPOINT ["python", "-m"]
CMD ["config.launcher", "--help"]
