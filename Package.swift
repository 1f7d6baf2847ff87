// swift-tools-version: 6.2
import PackageDescription

let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .treatAllWarnings(as: .error),
]

/// What exists only with a trait: its package is then neither fetched nor built, its library not linked.
func ecosystem(_ product: String, _ package: String) -> Target.Dependency {
    .product(name: product, package: package, condition: .when(traits: ["ServerEcosystem"]))
}

let package = Package(
    name: "event-horizon",
    products: [
        .library(name: "EventHorizon", targets: ["EventHorizon"]),
        .library(name: "EventHorizonJSON", targets: ["EventHorizonJSON"]),
        .library(name: "EventHorizonProtobuf", targets: ["EventHorizonProtobuf"]),
        .library(name: "EventHorizonWire", targets: ["EventHorizonWire"]),
        .library(name: "EventHorizonWorkers", targets: ["EventHorizonWorkers"]),
        .library(name: "EventHorizonMemory", targets: ["EventHorizonMemory"]),
        .library(name: "EventHorizonBridge", targets: ["EventHorizonBridge"]),
        .library(name: "EventHorizonNATS", targets: ["EventHorizonNATS"]),
        .library(name: "EventHorizonKafka", targets: ["EventHorizonKafka"]),
        .library(name: "EventHorizonBrokers", targets: ["EventHorizonBrokers"]),
        .library(name: "EventHorizonSQLite", targets: ["EventHorizonSQLite"]),
        .library(name: "EventHorizonRuntime", targets: ["EventHorizonRuntime"]),
        .library(name: "EventHorizonServerEcosystem", targets: ["EventHorizonServerEcosystem"]),
        .library(name: "EventHorizonTesting", targets: ["EventHorizonTesting"]),
        .library(name: "EventHorizonHistory", targets: ["EventHorizonHistory"]),
        .executable(name: "guestlist-command-handler", targets: ["guestlist-command-handler"]),
        .executable(name: "guestlist-projector", targets: ["guestlist-projector"]),
        .executable(name: "guestlist-saga", targets: ["guestlist-saga"]),
        .executable(name: "guestlist", targets: ["guestlist-client"]),
        .executable(name: "guestlist-demo", targets: ["guestlist-demo"]),
        .executable(name: "eventhorizon", targets: ["eventhorizon-tool"]),
        .executable(name: "eventhorizon-faults", targets: ["eventhorizon-faults"]),
        .executable(name: "eventhorizon-simulator", targets: ["eventhorizon-simulator"]),
        .executable(name: "eventhorizon-fuzz", targets: ["eventhorizon-fuzz"]),
    ],
    traits: [
        .trait(name: "NATS", description: "The JetStream broker; needs Debian's libnats-dev."),
        .trait(name: "Kafka", description: "The Kafka broker; needs Debian's librdkafka-dev."),
        .trait(name: "ServerEcosystem", description: "Adapters to swift-log, swift-metrics, swift-distributed-tracing and swift-service-lifecycle."),
        .default(enabledTraits: ["NATS", "Kafka"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-log.git", from: "1.7.0"),
        .package(url: "https://github.com/apple/swift-metrics.git", from: "2.5.0"),
        .package(url: "https://github.com/apple/swift-distributed-tracing.git", from: "1.3.0"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle.git", from: "2.6.0"),
    ],
    targets: [
        // The domain vocabulary and the seams.
        .target(name: "EventHorizon", swiftSettings: settings),

        // Payloads.
        .target(name: "EventHorizonJSON", dependencies: ["EventHorizon"], swiftSettings: settings),
        .systemLibrary(name: "CProtobufC", pkgConfig: "libprotobuf-c", providers: [.apt(["libprotobuf-c-dev"])]),
        .target(name: "EventHorizonProtobuf", dependencies: ["EventHorizon", "CProtobufC"], swiftSettings: settings),

        // The wire.
        .target(name: "CEventHorizonWire", dependencies: ["CProtobufC"]),
        .target(name: "EventHorizonWire", dependencies: ["EventHorizon", "CEventHorizonWire", "CProtobufC"], swiftSettings: settings),

        // The workers.
        .target(name: "EventHorizonWorkers", dependencies: ["EventHorizon", "EventHorizonJSON"], swiftSettings: settings),

        // Brokers.
        .target(name: "EventHorizonMemory", dependencies: ["EventHorizon", "EventHorizonWire"], swiftSettings: settings),
        .target(name: "EventHorizonBridge", dependencies: ["EventHorizon"], swiftSettings: settings),
        .systemLibrary(name: "CNATS", pkgConfig: "libnats", providers: [.apt(["libnats-dev"])]),
        .target(
            name: "EventHorizonNATS",
            dependencies: ["EventHorizon", "EventHorizonWire", "EventHorizonBridge", .target(name: "CNATS", condition: .when(traits: ["NATS"]))],
            swiftSettings: settings),
        .systemLibrary(name: "CRDKafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .target(
            name: "EventHorizonKafka",
            dependencies: [
                "EventHorizon", "EventHorizonWire", "EventHorizonBridge", .target(name: "CRDKafka", condition: .when(traits: ["Kafka"])), "CSQLite",
            ],
            swiftSettings: settings),
        .target(
            name: "EventHorizonBrokers",
            dependencies: [
                "EventHorizon", "EventHorizonMemory", "EventHorizonBridge", .target(name: "EventHorizonNATS", condition: .when(traits: ["NATS"])),
                .target(name: "EventHorizonKafka", condition: .when(traits: ["Kafka"])),
            ],
            swiftSettings: settings),

        // Read-model stores.
        .systemLibrary(name: "CSQLite", pkgConfig: "sqlite3", providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "EventHorizonSQLite", dependencies: ["EventHorizon", "CSQLite"], swiftSettings: settings),

        // What a main needs.
        .systemLibrary(name: "CMicroHTTPD", pkgConfig: "libmicrohttpd", providers: [.apt(["libmicrohttpd-dev"])]),
        .target(
            name: "EventHorizonRuntime",
            dependencies: ["EventHorizon", "EventHorizonWorkers", "EventHorizonBrokers", "EventHorizonSQLite", "EventHorizonBridge", "CMicroHTTPD"],
            swiftSettings: settings),
        .target(
            name: "EventHorizonServerEcosystem",
            dependencies: [
                "EventHorizon", "EventHorizonWorkers",
                ecosystem("Logging", "swift-log"), ecosystem("Metrics", "swift-metrics"), ecosystem("Tracing", "swift-distributed-tracing"),
                ecosystem("ServiceLifecycle", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),

        // For tests, ours and others'.
        .target(
            name: "EventHorizonTesting", dependencies: ["EventHorizon", "EventHorizonJSON", "EventHorizonWorkers", "EventHorizonMemory"],
            swiftSettings: settings),

        // The worked example.
        .target(name: "GuestList", dependencies: ["EventHorizon", "EventHorizonSQLite"], swiftSettings: settings),

        .target(
            name: "GuestListScenario", dependencies: ["GuestList", "EventHorizon", "EventHorizonWorkers", "EventHorizonSQLite"],
            swiftSettings: settings),
        .executableTarget(
            name: "guestlist-command-handler", dependencies: ["GuestList", "EventHorizonRuntime", "EventHorizonWorkers"], swiftSettings: settings),
        .executableTarget(
            name: "guestlist-projector", dependencies: ["GuestList", "EventHorizonRuntime", "EventHorizonWorkers"], swiftSettings: settings),
        .executableTarget(
            name: "guestlist-saga", dependencies: ["GuestList", "EventHorizonRuntime", "EventHorizonWorkers"], swiftSettings: settings),
        .executableTarget(name: "guestlist-client", dependencies: ["GuestListScenario", "EventHorizonRuntime"], swiftSettings: settings),
        .executableTarget(
            name: "guestlist-demo",
            dependencies: [
                "GuestList", "GuestListScenario", "ServerSupport", "EventHorizon", "EventHorizonWorkers", "EventHorizonMemory", "EventHorizonSQLite",
                "EventHorizonRuntime",
            ],
            swiftSettings: settings),

        // What a person does to an application that runs. The product is `eventhorizon`; a module of that name would be EventHorizon but for the case.
        .executableTarget(
            name: "eventhorizon-tool", dependencies: ["EventHorizonRuntime", "EventHorizonWorkers", "EventHorizon"], swiftSettings: settings),

        // Starts real servers and processes, for tests, the demo and fault runs.
        .target(name: "ServerSupport", swiftSettings: settings),

        // Measures a pipeline beside the same work done bare.
        .target(
            name: "CBenchFloor",
            dependencies: [
                .target(name: "CNATS", condition: .when(traits: ["NATS"])), .target(name: "CRDKafka", condition: .when(traits: ["Kafka"])), "CSQLite",
            ],
            cSettings: [.define("NATS", .when(traits: ["NATS"])), .define("KAFKA", .when(traits: ["Kafka"]))]),
        // Generated by protoc-c from the .proto beside it.
        .target(name: "CBenchMessages", dependencies: ["CProtobufC"], exclude: ["messages.proto"]),
        .executableTarget(
            name: "eventhorizon-bench",
            dependencies: [
                "CBenchFloor", "CBenchMessages", "EventHorizon", "EventHorizonBridge", "EventHorizonBrokers", "EventHorizonMemory",
                "EventHorizonProtobuf", "EventHorizonSQLite", "EventHorizonWorkers", "ServerSupport",
            ],
            swiftSettings: settings),

        // What a history must show, whoever made it; the guest list's own promises; the runs that try to break both.
        .target(name: "EventHorizonHistory", dependencies: ["EventHorizon"], swiftSettings: settings),
        .target(
            name: "GuestListHistory", dependencies: ["EventHorizonHistory", "GuestList", "EventHorizonJSON", "EventHorizonSQLite", "EventHorizon"],
            swiftSettings: settings),
        .executableTarget(
            name: "eventhorizon-faults",
            dependencies: [
                "EventHorizonHistory", "GuestListHistory", "GuestList", "ServerSupport", "EventHorizon", "EventHorizonJSON", "EventHorizonWire",
                "EventHorizonWorkers", "EventHorizonMemory", "EventHorizonBrokers", "EventHorizonBridge", "EventHorizonSQLite",
                .target(name: "CRDKafka", condition: .when(traits: ["Kafka"])),
            ],
            swiftSettings: settings),

        // The same promises under seeds, all workers in one thread.
        .target(
            name: "GuestListSimulation",
            dependencies: [
                "EventHorizonTesting", "EventHorizonHistory", "GuestListHistory", "GuestList", "EventHorizonMemory", "EventHorizonWorkers",
                "EventHorizonSQLite", "EventHorizonJSON", "EventHorizon",
            ],
            swiftSettings: settings),
        .executableTarget(
            name: "eventhorizon-simulator",
            dependencies: [
                "GuestListSimulation", "EventHorizonTesting", "EventHorizonHistory", "EventHorizonBridge", "ServerSupport", "EventHorizon",
            ],
            swiftSettings: settings),

        // Gives every decoder of foreign bytes what nobody should have written.
        .executableTarget(
            name: "eventhorizon-fuzz",
            dependencies: [
                "CBenchMessages", "EventHorizon", "EventHorizonBridge", "EventHorizonBrokers", "EventHorizonJSON", "EventHorizonMemory",
                "EventHorizonProtobuf", "EventHorizonWire", "ServerSupport", .target(name: "EventHorizonNATS", condition: .when(traits: ["NATS"])),
                .target(name: "EventHorizonKafka", condition: .when(traits: ["Kafka"])),
            ],
            swiftSettings: settings),

        .testTarget(name: "EventHorizonTests", dependencies: ["EventHorizon", "EventHorizonJSON"], swiftSettings: settings),
        .testTarget(name: "EventHorizonWireTests", dependencies: ["EventHorizonWire", "EventHorizon"], exclude: ["golden"], swiftSettings: settings),
        // Generated by protoc-gen-c from the .proto beside it.
        .target(name: "CProtobufTestMessages", dependencies: ["CProtobufC"], path: "Tests/CProtobufTestMessages", exclude: ["messages.proto"]),
        .testTarget(
            name: "EventHorizonProtobufTests", dependencies: ["EventHorizonProtobuf", "EventHorizonJSON", "EventHorizon", "CProtobufTestMessages"],
            swiftSettings: settings),
        .testTarget(
            name: "EventHorizonSQLiteTests", dependencies: ["EventHorizonSQLite", "EventHorizon", "EventHorizonTesting"], swiftSettings: settings),
        .testTarget(
            name: "EventHorizonWorkersTests",
            dependencies: ["EventHorizonWorkers", "EventHorizonMemory", "EventHorizonSQLite", "EventHorizonJSON", "EventHorizon"],
            swiftSettings: settings),
        .testTarget(
            name: "EventHorizonMemoryTests", dependencies: ["EventHorizonMemory", "EventHorizon", "EventHorizonTesting"], swiftSettings: settings),
        .testTarget(
            name: "GuestListTests",
            dependencies: [
                "GuestList", "GuestListScenario", "EventHorizon", "EventHorizonJSON", "EventHorizonWorkers", "EventHorizonMemory",
                "EventHorizonSQLite",
                "EventHorizonTesting", "ServerSupport",
            ],
            swiftSettings: settings),
        .testTarget(name: "EventHorizonNATSTests", dependencies: ["EventHorizonNATS", "EventHorizonWire", "EventHorizon"], swiftSettings: settings),
        .testTarget(
            name: "EventHorizonKafkaTests", dependencies: ["EventHorizonKafka", "EventHorizonWire", "EventHorizon", "ServerSupport"],
            swiftSettings: settings),
        .testTarget(name: "ServerSupportTests", dependencies: ["ServerSupport"], swiftSettings: settings),
        .testTarget(
            name: "EventHorizonHistoryTests",
            dependencies: ["EventHorizonHistory", "GuestListHistory", "GuestList", "EventHorizonJSON", "EventHorizon"], swiftSettings: settings),
        .testTarget(name: "EventHorizonFaultsTests", dependencies: ["eventhorizon-faults", "ServerSupport"], swiftSettings: settings),
        .testTarget(
            name: "SimulatorTests",
            dependencies: [
                "GuestListSimulation", "EventHorizonHistory", "EventHorizonTesting", "EventHorizonMemory", "EventHorizonWorkers",
                "EventHorizonSQLite",
                "EventHorizon", "ServerSupport", "eventhorizon-simulator",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EventHorizonToolTests",
            dependencies: [
                "eventhorizon-tool", "EventHorizonRuntime", "EventHorizonMemory", "EventHorizonWorkers", "EventHorizonJSON", "EventHorizon",
                "ServerSupport",
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EventHorizonServerEcosystemTests",
            dependencies: [
                "EventHorizonServerEcosystem", "EventHorizonWorkers", "EventHorizonMemory", "EventHorizon",
                ecosystem("InMemoryLogging", "swift-log"), ecosystem("MetricsTestKit", "swift-metrics"),
                ecosystem("InMemoryTracing", "swift-distributed-tracing"),
                ecosystem("ServiceLifecycleTestKit", "swift-service-lifecycle"),
            ],
            swiftSettings: settings),
        .testTarget(
            name: "EventHorizonRuntimeTests",
            dependencies: [
                "EventHorizonRuntime", "EventHorizonWorkers", "EventHorizonBrokers", "EventHorizonBridge", "EventHorizonSQLite", "EventHorizonMemory",
                "EventHorizon",
                "ServerSupport", "guestlist-projector",
            ],
            swiftSettings: settings),

        // With real servers: what `make test_integration` runs, by the end of its name.
        .testTarget(
            name: "GuestListIntegrationTests", dependencies: ["ServerSupport", "guestlist-demo"], path: "IntegrationTests/GuestList",
            swiftSettings: settings),
        .testTarget(
            name: "ServerSupportIntegrationTests", dependencies: ["ServerSupport"], path: "IntegrationTests/ServerSupport",
            swiftSettings: settings),
        .testTarget(
            name: "NATSIntegrationTests",
            dependencies: ["EventHorizonNATS", "EventHorizonBridge", "EventHorizonWire", "EventHorizonTesting", "EventHorizon", "ServerSupport"],
            path: "IntegrationTests/NATS", swiftSettings: settings),
        .testTarget(
            name: "KafkaIntegrationTests",
            dependencies: [
                "EventHorizonKafka", "EventHorizonBridge", "EventHorizonWire", "EventHorizonTesting", "EventHorizon", "ServerSupport",
                .target(name: "CRDKafka", condition: .when(traits: ["Kafka"])),
            ],
            path: "IntegrationTests/Kafka", swiftSettings: settings),
        .testTarget(
            name: "PoisonIntegrationTests",
            dependencies: [
                "EventHorizonWorkers", "EventHorizonBrokers", "EventHorizonSQLite", "EventHorizonBridge", "EventHorizon", "ServerSupport",
                "eventhorizon-tool",
                "EventHorizonWorkers", "EventHorizonBrokers", "EventHorizonBridge", "EventHorizon", "ServerSupport", "Mortal", "mortal-worker",
            ],
            path: "IntegrationTests/Poison", swiftSettings: settings),
        // A worker that dies of one command, for the suite above.
        .target(name: "Mortal", dependencies: ["EventHorizon"], path: "IntegrationTests/Mortal", swiftSettings: settings),
        .executableTarget(
            name: "mortal-worker", dependencies: ["Mortal", "EventHorizonRuntime", "EventHorizonWorkers"], path: "IntegrationTests/MortalWorker",
            swiftSettings: settings),
        .testTarget(
            name: "SecurityIntegrationTests",
            dependencies: [
                "GuestList", "EventHorizonWorkers", "EventHorizonBrokers", "EventHorizonBridge", "EventHorizon", "ServerSupport",
                "guestlist-command-handler",
                "guestlist-client",
            ],
            path: "IntegrationTests/Security", swiftSettings: settings),
    ]
)
