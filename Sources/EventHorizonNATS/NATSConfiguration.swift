#if NATS
/// How to reach a NATS server, and what is created there.
public struct NATSConfiguration: Sendable {
    /// Of certificates, all in PEM files.
    public struct TLS: Sendable {
        /// Who vouches for the server; nil for those that the system trusts.
        public var ca: String?
        /// The client's certificate chain and key, where the server asks for one.
        public var certificate: String?
        public var key: String?
        /// The name that the server's certificate must bear, where that is not its host's.
        public var serverName: String?
        public init(ca: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil) {
            self.ca = ca
            self.certificate = certificate
            self.key = key
            self.serverName = serverName
        }
    }

    /// Whether a worker removes commands that every group has settled.
    public enum Trimming: Sendable {
        /// On servers from 2.10 on: before, a purge blocks every publish for as long as it takes.
        case automatic
        case on, off
    }

    /// `nats://host:port`, of one cluster.
    public var servers: [String]
    /// The prefix of every stream, subject and key: 1 to 64 characters out of A-Z, a-z, 0-9, `_` and `-`.
    public var application: String
    /// What the server's monitoring calls this client.
    public var connectionName: String
    /// Whether an application that is not there is created. If not, that is a misconfiguration, and `partitionCount` says nothing.
    public var createsApplication = true
    /// Used when the application is created; cannot change afterwards.
    public var partitionCount: Int
    /// How many servers hold each stream, for streams that are created.
    public var replicas: Int
    /// A member that did not renew its ownership for this long may lose its partitions.
    public var leaseTime: Duration
    public var user: String?
    public var password: String?
    public var token: String?
    /// A `.creds` file.
    public var credentialsFile: String?
    public var tls: TLS?
    /// How long the server recognises a repeated publish, for streams that are created.
    public var duplicateWindow: Duration
    /// How long the first connection is tried before it counts as misconfigured.
    public var connectDeadline: Duration
    public var trimming: Trimming
    /// Allows replicated streams on servers whose conditional append admits two winners. For tests.
    public var allowUnsafeReplication: Bool

    public init(
        servers: [String] = ["nats://127.0.0.1:4222"], application: String, connectionName: String = "event-horizon", partitionCount: Int = 8,
        replicas: Int = 1, leaseTime: Duration = .seconds(5), user: String? = nil, password: String? = nil, token: String? = nil,
        credentialsFile: String? = nil, tls: TLS? = nil, duplicateWindow: Duration = .seconds(120), connectDeadline: Duration = .seconds(30),
        trimming: Trimming = .automatic, allowUnsafeReplication: Bool = false
    ) {
        self.servers = servers
        self.application = application
        self.connectionName = connectionName
        self.partitionCount = partitionCount
        self.replicas = replicas
        self.leaseTime = leaseTime
        self.user = user
        self.password = password
        self.token = token
        self.credentialsFile = credentialsFile
        self.tls = tls
        self.duplicateWindow = duplicateWindow
        self.connectDeadline = connectDeadline
        self.trimming = trimming
        self.allowUnsafeReplication = allowUnsafeReplication
    }
}
#endif
