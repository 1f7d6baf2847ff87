#if Kafka
/// How to reach a Kafka cluster, and what is created there.
public struct KafkaConfiguration: Sendable {
    /// Of certificates, all in PEM files.
    public struct TLS: Sendable {
        /// Who vouches for the brokers; nil for those that the system trusts.
        public var ca: String?
        /// The client's certificate chain and key, where the brokers ask for one.
        public var certificate: String?
        public var key: String?
        public init(ca: String? = nil, certificate: String? = nil, key: String? = nil) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
        }
    }

    /// How a user and a password are proved.
    public enum Mechanism: String, Sendable, CaseIterable {
        case plain = "PLAIN"
        case scramSHA256 = "SCRAM-SHA-256"
        case scramSHA512 = "SCRAM-SHA-512"
    }

    /// `host:port`, some brokers of one cluster.
    public var servers: [String]
    /// The prefix of every topic, group and transactional id: 1 to 64 characters out of A-Z, a-z, 0-9, `_` and `-`.
    public var application: String
    /// What the brokers' logs and metrics call this client.
    public var clientName: String
    /// Whether an application that is not there is created. If not, that is a misconfiguration, and `partitionCount` says nothing.
    public var createsApplication = true
    /// Used when the application is created; cannot change afterwards.
    public var partitionCount: Int
    /// How many brokers hold each topic, for topics that are created. With three, two must have a record before it counts as stored.
    public var replicas: Int
    /// A member that was not heard of for this long loses its partitions; at least what the brokers allow (`group.min.session.timeout.ms`, 6 s
    /// unless changed).
    public var sessionTimeout: Duration
    /// A name that stays the same when the member starts again, unique within its group: a member that is back within the session timeout has its
    /// partitions again without the others noticing. Nil for none.
    public var staticMember: String?
    public var user: String?
    public var password: String?
    public var mechanism: Mechanism
    public var tls: TLS?
    /// The folder of the local replicas: a SQLite file a partition, which may be removed while no member runs.
    public var replicaFolder: String
    /// How long the first connection is tried before it counts as misconfigured.
    public var connectDeadline: Duration
    /// Whether a worker removes commands that every group has settled.
    public var trims: Bool

    public init(
        servers: [String] = ["127.0.0.1:9092"], application: String, clientName: String = "event-horizon", partitionCount: Int = 8, replicas: Int = 1,
        sessionTimeout: Duration = .seconds(6), staticMember: String? = nil, user: String? = nil, password: String? = nil,
        mechanism: Mechanism = .plain, tls: TLS? = nil, replicaFolder: String = "./replicas", connectDeadline: Duration = .seconds(30),
        trims: Bool = true
    ) {
        self.servers = servers
        self.application = application
        self.clientName = clientName
        self.partitionCount = partitionCount
        self.replicas = replicas
        self.sessionTimeout = sessionTimeout
        self.staticMember = staticMember
        self.user = user
        self.password = password
        self.mechanism = mechanism
        self.tls = tls
        self.replicaFolder = replicaFolder
        self.connectDeadline = connectDeadline
        self.trims = trims
    }
}
#endif
