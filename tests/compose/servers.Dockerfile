# Redis, RabbitMQ, nginx and Prometheus of the distribution in one image, for an engine that reaches no registry.
ARG PACKAGES
FROM ${PACKAGES}
COPY servers.sh /servers.sh
ENTRYPOINT ["/bin/sh", "/servers.sh"]
