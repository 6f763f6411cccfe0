# The engine: Python, the checkout, a voice, nothing to compile. Templates and prompts are read from
# the checkout, so it is installed where it lies.
FROM python:3.13-slim-trixie

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1

RUN groupadd --gid 10001 groschen \
    && useradd --uid 10001 --gid groschen --no-create-home --shell /usr/sbin/nologin groschen \
    && install -d -o groschen -g groschen /var/lib/groschen /var/lib/groschen/asterisk /var/lib/groschen/sounds /var/lib/groschen/statements

# What says a price that was never said: SVOX Pico, German and English (sounds/README.md).
RUN sed -i 's/^Components: main$/Components: main non-free/' /etc/apt/sources.list.d/debian.sources \
    && apt-get update \
    && apt-get install --yes --no-install-recommends libttspico0t64 libttspico-data \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /opt/groschen

# What is needed changes less often than the code: its layer comes first.
COPY setup.cfg pyproject.toml README.md LICENSE ./
COPY engine/__init__.py engine/__init__.py
RUN pip install --editable .

COPY engine engine
COPY dialplan dialplan
COPY sounds sounds
COPY config config

# Where the operator's recordings are kept: a volume each.
RUN install -d -o groschen -g groschen sounds/de/custom sounds/en/custom

USER 10001:10001
ENV GROSCHEN_VAR=/var/lib/groschen
ENTRYPOINT ["groschen"]
CMD ["serve"]
