# The daemon in a container: no shell is needed at run time, the state is one volume, the user is nobody in particular.
FROM python:3.12-slim AS build
COPY . /src
RUN python -m venv /opt/financial-os && /opt/financial-os/bin/pip install --no-cache-dir /src

FROM python:3.12-slim
COPY --from=build /opt/financial-os /opt/financial-os
RUN useradd --system --uid 10001 --home-dir /var/lib/financial-os --create-home financial-os
USER 10001
WORKDIR /var/lib/financial-os
VOLUME /var/lib/financial-os
ENV PYTHONUNBUFFERED=1
EXPOSE 8080 9878
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s CMD ["/opt/financial-os/bin/python", "-c", \
    "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/health/ready', timeout=2)"]
ENTRYPOINT ["/opt/financial-os/bin/financial-os"]
CMD ["run", "/etc/financial-os/routes.yaml"]
