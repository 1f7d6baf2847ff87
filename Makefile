# Everything here is debug builds in one shared .build. Configuration of the targets: WORKERS, BROKER, NATS_URL, NATS_SERVER (see help).
.PHONY: help demo run stop build test test_integration test_faults test_simulator test_rules fuzz bench format lint proto docs deps
.DEFAULT_GOAL := help

help:
	@echo 'make demo              the guest list end to end: starts a nats-server and worker processes, runs the scenario, ends them all'
	@echo '     WORKERS=3             that many of each kind of worker (else 1 command handler, 2 projectors, 1 saga worker)'
	@echo '     BROKER=kafka          on Kafka: KAFKA_BOOTSTRAP_SERVERS (a running one), KAFKA_HOME, PATH or ../shared/servers'
	@echo '     BROKER=memory         all in one process, no server'
	@echo 'make run               leaves server and workers up, says their addresses, logs and pids; make stop ends them'
	@echo 'make test              unit and contract suites, no server needed'
	@echo 'make test_integration  suites on real servers'
	@echo 'make test_faults       breaks servers and workers by seed and checks what was promised: SEEDS=1 SEED=1 SECONDS=60'
	@echo '     BROKER=kafka           on Kafka; BROKER=memory: in one process'
	@echo '     FAULTS=kill,stop,...   some kinds only; PACE=2000 for members that join or leave so often (ms); CLUSTER=3 for replicating servers'
	@echo 'make test_simulator    all worker code in one process, broken by seed, in virtual time: SEEDS=1000 SEED=1 THREADS=1'
	@echo '     QUIRKS=kafka          as on a broker whose outcomes are transactions'
	@echo 'make test_rules        takes each rule of the design out of a copy, one at a time: the simulator has to notice. RULES='\''R6 R13'\'' for some,'
	@echo '                       RULES=faults/ for those that fault runs on real servers have to notice'
	@echo 'make fuzz              gives every decoder mutated records under the address sanitizer: INPUTS=1000000 SEED=1, BUILD=debug, ARGS for more'
	@echo 'make bench             a command'\''s whole way beside a bare loop that does the same work: BROKER=kafka or memory, ARGS for more'
	@echo 'make lint              format, generated code, determinism, compose file'
	@echo 'make format            formats the Swift code in place'
	@echo 'make proto             generates the wire code from proto/ anew'
	@echo 'make docs              the documentation, into .docc-build/html'
	@echo 'make deps              names and installs the Debian packages that are missing'
	@echo
	@echo 'A nats-server is found in this order: NATS_URL (a running one), NATS_SERVER (a program), PATH, ../shared/servers.'

# A variable of make's command line reaches the programs as one of the environment.
export WORKERS BROKER NATS_URL NATS_SERVER KAFKA_BOOTSTRAP_SERVERS KAFKA_HOME

demo: build
	@.build/debug/guestlist-demo demo

run: build
	@.build/debug/guestlist-demo run

stop:
	@if [ -x .build/debug/guestlist-demo ]; then .build/debug/guestlist-demo stop; else echo 'nothing was ever built here, so nothing runs'; fi

# What .ci/packages calls the packages of the broker.
broker_packages = $(or $(filter kafka,$(BROKER)),$(if $(filter memory,$(BROKER)),,server))

build:
	@.ci/packages build $(broker_packages)
	@echo 'building (the first time takes minutes)' >&2
	@swift build --quiet

# One test at a time: many start processes and wait for them, which on two cores starves those beside them.
test:
	@.ci/packages build
	swift test --no-parallel --skip IntegrationTests

test_integration:
	@.ci/packages build server kafka
	swift test --no-parallel --filter IntegrationTests

# ARGS='--rate 500 --commands 5000', for instance: see .build/release/eventhorizon-bench --help.
bench:
	@.ci/packages build $(broker_packages)
	@swift build --quiet -c release --product eventhorizon-bench
	@.build/release/eventhorizon-bench pipeline $(if $(BROKER),--broker $(BROKER)) $(ARGS)

test_faults: build
	@.build/debug/eventhorizon-faults --seeds $(or $(SEEDS),1) --seed $(or $(SEED),1) --seconds $(or $(SECONDS),60) --broker $(or $(BROKER),nats) \
	  --cluster $(or $(CLUSTER),1) $(if $(FAULTS),--faults $(FAULTS)) $(if $(PACE),--pace $(PACE))

test_simulator:
	@.ci/packages build
	@swift build --quiet --product eventhorizon-simulator
	@.build/debug/eventhorizon-simulator --seeds $(or $(SEEDS),1000) --seed $(or $(SEED),1) --threads $(or $(THREADS),1) \
	  --broker-quirks $(or $(QUIRKS),jetstream)

test_rules:
	@.ci/packages build
	@.ci/rules/check $(RULES)

# BUILD=debug builds sooner, and runs slower.
fuzz:
	@.ci/packages build server
	@echo 'building with the address sanitizer (the first time takes minutes)' >&2
	@.ci/fuzz $(or $(BUILD),release) --inputs $(or $(INPUTS),1000000) --seed $(or $(SEED),1) $(ARGS)

format:
	@swift format --in-place --parallel --recursive Sources Tests IntegrationTests Package.swift

lint:
	@.ci/packages proto
	@.ci/lint

proto:
	@.ci/packages proto
	@proto/generate

docs:
	@.ci/packages build
	@.ci/docs

deps:
	@.ci/packages build server kafka proto && echo 'all there'
