/// What it takes to reach a broker, whichever it is. A broker ignores what is not its own.
public struct BrokerSettings: Sendable, CustomStringConvertible {
    /// Certificates and keys in PEM files.
    public struct TLS: Sendable, Equatable {
        /// Who vouches for the server; nil for those that the system trusts.
        public var authorities: String?
        public var certificate: String?
        public var key: String?
        /// Expected in the server's certificate; nil for the host of its address.
        public var serverName: String?
        public init(authorities: String? = nil, certificate: String? = nil, key: String? = nil, serverName: String? = nil) {
            self.authorities = authorities
            self.certificate = certificate
            self.key = key
            self.serverName = serverName
        }
    }

    /// Whether commands that every group has settled are removed.
    public enum Trimming: String, Sendable, CaseIterable {
        /// Where the server does it without blocking who publishes.
        case automatic
        case on, off
    }

    /// How a user and a password are proved to Kafka.
    public enum Mechanism: String, Sendable, CaseIterable {
        case plain
        case scramSHA256 = "scram-sha-256"
        case scramSHA512 = "scram-sha-512"
    }

    public var address: BrokerAddress
    public var application: String
    /// What the server's monitoring calls this client.
    public var clientName: String
    /// Whether an application that is not there is created. If not, that is a misconfiguration, and how many partitions there are is the application's
    /// to say: for programs that look at what others made.
    public var createsApplication = true
    /// Of an application that is created now.
    public var partitionCount = 8
    /// Of an application that is created now.
    public var replicas = 1
    public var leaseTime = Duration.seconds(5)
    /// How long the first connection is tried before it counts as misconfigured.
    public var connectDeadline = Duration.seconds(30)
    public var trimming = Trimming.automatic
    /// How long a repeated publish is recognised by the broker, of an application that is created now. A later one is stored again, and recognised by its
    /// aggregate.
    public var duplicateWindow = Duration.seconds(120)
    public var user: String?
    public var password: String?
    public var token: String?
    /// A NATS `.creds` file.
    public var natsCredentials: String?
    public var mechanism = Mechanism.plain
    /// A name of this member of Kafka's that stays the same when it starts again; nil for none.
    public var staticMember: String?
    /// Where Kafka's members keep copies of the streams that they handle.
    public var replicaFolder = "./replicas"
    /// Nil for an open connection.
    public var tls: TLS?

    public init(address: BrokerAddress, application: String, clientName: String) {
        self.address = address
        self.application = application
        self.clientName = clientName
    }

    /// Without what is secret.
    public var description: String { "\(address), application \(application)" }
}
