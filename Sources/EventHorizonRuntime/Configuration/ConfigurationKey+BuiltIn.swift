internal import EventHorizonWorkers
internal import EventHorizonBrokers

// What every worker understands. A key is declared here once; flags, environment and `--help` are made from it.

extension ConfigurationKey<BrokerAddress> {
    static var broker: Self {
        Self(
            "broker",
            ConfigurationType(
                placeholder: "ADDRESS", expectation: BrokerAddress.expectation, parse: { BrokerAddress($0) }, format: { $0.description },
                redact: BrokerAddress.redact),
            default: BrokerAddress("nats://127.0.0.1:4222"), section: Section.broker,
            "Where the broker is: nats:// or kafka://. Several servers of one cluster are separated by commas: nats://one:4222,nats://two:4222. "
                + "The address memory: is a broker within this process, gone with it.")
    }
}

extension ConfigurationKey<String> {
    /// The application whose logs are used. Its default is made from the worker's name.
    static func application(default fallback: String?) -> Self {
        Self(
            "application",
            ConfigurationType(
                placeholder: "NAME", expectation: "letters, digits, underscores and hyphens, at most 64",
                parse: { $0.wholeMatch(of: /[A-Za-z0-9_-]{1,64}/) != nil ? $0 : nil }, format: { $0 }),
            default: fallback, section: Section.broker,
            "The application whose logs these are: a prefix of every name in the broker. Workers that belong together share it.")
    }
    static var user: Self { Self("user", .text("NAME"), section: Section.credentials, "User name for the broker.") }
    static var password: Self {
        Self(
            "password", .text("SECRET"), section: Section.credentials, isSecret: true,
            "Password for the broker. Better in the environment: flags are seen by every user of the machine.")
    }
    static var token: Self {
        Self("token", .text("SECRET"), section: Section.credentials, isSecret: true, "Token for the broker. Better in the environment.")
    }
    static var natsCredentials: Self {
        Self("nats-credentials", .path, section: Section.credentials, "A NATS credentials file (.creds): user JWT and seed.")
    }
    static var staticMember: Self {
        Self(
            "static-member", .text("NAME"), section: Section.broker,
            "On Kafka, a name of this worker that is its own and stays the same: back within the lease time, it has its partitions again at once, and "
                + "no other member has to take them over.")
    }
    static var replicaFolder: Self {
        Self(
            "replica-folder", .path, default: "./replicas", section: Section.broker,
            "On Kafka, the folder of the local copies of what a command handler's partitions hold. It may be removed while no worker runs.")
    }
    static var tlsAuthority: Self {
        Self("tls-ca", .path, section: Section.tls, "Certificates of the authorities to trust, PEM. The system's when it is not given.")
    }
    static var tlsCertificate: Self {
        Self("tls-certificate", .path, section: Section.tls, "This client's certificate chain, PEM, for servers that ask for one.")
    }
    static var tlsKey: Self { Self("tls-key", .path, section: Section.tls, "The private key of --tls-certificate, PEM.") }
    static var tlsServerName: Self {
        Self(
            "tls-server-name", .text("NAME"), section: Section.tls,
            "The name to expect in the server's certificate. The host of --broker when it is not given.")
    }
    public static var readModel: Self {
        Self(
            "read-model", .path, default: "./read-models", section: Section.readModel,
            "The folder of the read models, one SQLite file each. Made when it is missing.")
    }
}

extension ConfigurationKey<Bool> {
    static var tls: Self {
        Self("tls", .onOff, default: false, section: Section.tls, "Encrypt the connection to the broker and check its certificate.")
    }
}

extension ConfigurationKey<Int> {
    static var partitions: Self {
        Self(
            "partitions", .number(in: 1...1024), default: 8, section: Section.broker,
            "Partitions of a new application. It cannot be changed afterwards.")
    }
    static var replicas: Self {
        Self("replicas", .number(in: 1...5), default: 1, section: Section.broker, "Servers that keep a copy of each log of a new application.")
    }
    /// How many commands may share one commit.
    public static var sharedCommitLimit: Self {
        Self(
            "shared-commit-limit", .number(in: 1...1000), default: CommandSettings().sharedCommands, section: Section.working,
            "How many commands that wait for the same aggregate may be decided in one commit.")
    }
    /// How many of a stream's commands are remembered with their answers.
    public static var idWindow: Self {
        Self(
            "id-window", .number(in: 0...256), default: CommandSettings().recentCommands, section: Section.working,
            "How many of a stream's last commands are remembered with their answers; those before are looked up when they are repeated.")
    }
    /// How many aggregates stay in memory.
    public static var cachedStreams: Self {
        Self(
            "cached-streams", .number(in: 0...10_000_000), default: CommandSettings().cachedStreams, section: Section.working,
            "How many aggregates or sagas of a category stay in memory between their commands.")
    }
}

extension ConfigurationKey<Duration> {
    static var leaseTime: Self {
        Self(
            "lease-time", .duration(in: .milliseconds(500) ... .seconds(300)), default: .seconds(5), section: Section.broker,
            "After how long without a sign of life a member's partitions go to another member. On Kafka at least the brokers' "
                + "group.min.session.timeout.ms, 6s as they come.")
    }
    static var connectDeadline: Self {
        Self(
            "connect-deadline", .duration(in: .seconds(1) ... .seconds(3600)), default: .seconds(30), section: Section.broker,
            "How long the first connection is tried before the worker gives up. A connection that is lost later is waited for.")
    }
    /// How long a message is retried in place before it is parked.
    public static var retryBudget: Self {
        Self(
            "retry-budget", .duration(in: .zero ... .seconds(3600)), default: RetryPolicy().budget, section: Section.working,
            "How long a message that fails is retried in place before it is given up and becomes a dead letter.")
    }
    static var drainDeadline: Self {
        Self(
            "drain-deadline", .duration(in: .seconds(1) ... .seconds(3600)), default: .seconds(30), section: Section.working,
            "How long SIGTERM or SIGINT waits for the work in hand before the process ends without it.")
    }
}

extension ConfigurationKey<HTTPAddress> {
    static var http: Self {
        Self(
            "http",
            ConfigurationType(placeholder: "HOST:PORT", expectation: HTTPAddress.expectation, parse: { HTTPAddress($0) }, format: { $0.description }),
            default: .listen(host: "127.0.0.1", port: 8080), section: Section.telling,
            "Where /healthz, /readyz and /metrics are served: this machine alone unless told otherwise. "
                + "Port 0 takes a free one and logs it; off serves nothing.")
    }
}

extension ConfigurationKey<Signal.Severity> {
    static var logLevel: Self {
        Self("log-level", .choice, default: .info, section: Section.telling, "The least severe log lines to write, on standard error.")
    }
}

extension ConfigurationKey<BrokerSettings.Trimming> {
    static var trimming: Self {
        Self(
            "trimming", .choice, default: .automatic, section: Section.broker,
            "Whether commands that every group has settled are removed from the log. Automatic: on NATS servers from 2.10 on, before which it blocks "
                + "who publishes.")
    }
}

extension ConfigurationKey<BrokerSettings.Mechanism> {
    static var mechanism: Self {
        Self(
            "sasl-mechanism", .choice, default: .plain, section: Section.credentials,
            "How --user and --password are proved to Kafka. Plain shows the password to whoever sees the connection: use it with --tls.")
    }
}

extension ConfigurationKey<LogFormat> {
    static var logFormat: Self {
        Self(
            "log-format", .choice, default: .auto, section: Section.telling,
            "How log lines are written; auto is text on a terminal and JSON otherwise.")
    }
}

extension ConfigurationKey<LetterID> {
    static var letterTest: Self {
        Self(
            "letter-test", .letter, section: Section.letters,
            "Print this dead letter as a failing test of the domain, ready to paste, and exit. `eventhorizon letters list` names the letters.")
    }
}

enum Section {
    static let broker = "The broker"
    static let credentials = "Credentials"
    static let tls = "TLS"
    static let readModel = "Read models"
    static let working = "Working"
    static let telling = "Telling"
    static let letters = "Dead letters"
}

extension Configuration {
    /// In the order of `--help`.
    static func builtIn(application: String?) -> [any ConfigurationDeclaration] {
        [
            ConfigurationKey.broker, ConfigurationKey.application(default: application), ConfigurationKey.partitions, ConfigurationKey.replicas,
            ConfigurationKey.leaseTime, ConfigurationKey.connectDeadline, ConfigurationKey.trimming, ConfigurationKey.staticMember,
            ConfigurationKey.replicaFolder,
            ConfigurationKey.user, ConfigurationKey.password, ConfigurationKey.mechanism, ConfigurationKey.token, ConfigurationKey.natsCredentials,
            ConfigurationKey.tls, ConfigurationKey.tlsAuthority, ConfigurationKey.tlsCertificate, ConfigurationKey.tlsKey,
            ConfigurationKey.tlsServerName,
            ConfigurationKey.readModel,
            ConfigurationKey.retryBudget, ConfigurationKey.sharedCommitLimit, ConfigurationKey.idWindow, ConfigurationKey.cachedStreams,
            ConfigurationKey.drainDeadline,
            ConfigurationKey.http, ConfigurationKey.logLevel, ConfigurationKey.logFormat, ConfigurationKey.letterTest,
        ]
    }
}
