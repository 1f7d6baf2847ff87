# The guest list's workers, its client and the tool for dead letters, each started by its name:
#   docker build -t guestlist .  &&  docker run guestlist guestlist-command-handler --broker nats://nats:4222
FROM swift:6.3-bookworm AS build
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends pkg-config libnats-dev librdkafka-dev libprotobuf-c-dev libsqlite3-dev libmicrohttpd-dev \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
# One by one, since only programs can have Swift's own libraries linked in.
RUN set -e; mkdir /programs; \
    for program in guestlist-command-handler guestlist-projector guestlist-saga guestlist eventhorizon; do \
        swift build -c release --static-swift-stdlib --product "$program"; \
        install -s "$(swift build -c release --show-bin-path)/$program" /programs/; \
    done

FROM debian:bookworm-slim
RUN apt-get update -qq \
    && apt-get install -y -qq --no-install-recommends ca-certificates libnats3.4 librdkafka1 libprotobuf-c1 libsqlite3-0 libmicrohttpd12 \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --home-dir /var/lib/guestlist --create-home --shell /usr/sbin/nologin guestlist \
    && install -d -o guestlist -g guestlist /var/lib/guestlist/read-models
COPY --from=build /programs/ /usr/local/bin/
USER guestlist
WORKDIR /var/lib/guestlist
# Within a container the network is the container's own: health and metrics are for who runs it.
ENV EVENTHORIZON_HTTP=0.0.0.0:8080 EVENTHORIZON_READ_MODEL=/var/lib/guestlist/read-models
EXPOSE 8080
CMD ["guestlist", "--help"]
