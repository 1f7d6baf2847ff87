public import EventHorizon
internal import EventHorizonBrokers
internal import Glibc
internal import Synchronization

extension Configuration {
    /// The broker that `--broker` names, out of those that the program links; the same one however often it is asked for.
    /// It connects when it is first used.
    ///
    /// - Throws: `Misconfiguration` where keys contradict each other, a file cannot be read, or the program does not link the broker.
    public func broker() throws -> any Broker {
        try shared.broker.withLock { broker in
            if let broker { return broker }
            let made = try EventHorizonBrokers.broker(try brokerSettings(), surroundings: surroundings)
            broker = made
            return made
        }
    }

    func brokerSettings() throws -> BrokerSettings {
        var problems: [String] = []
        var settings = BrokerSettings(
            address: try value(for: .broker), application: try value(for: .application(default: application)), clientName: worker)
        settings.connectDeadline = try value(for: .connectDeadline)
        // What only looks at an application does not say how one is made, nor how a member of a group works.
        settings.createsApplication = declared.contains(ConfigurationKey.partitions.name)
        if let count = try value(ifDeclared: .partitions) { settings.partitionCount = count }
        if let count = try value(ifDeclared: .replicas) { settings.replicas = count }
        if let time = try value(ifDeclared: .leaseTime) { settings.leaseTime = time }
        if let trimming = try value(ifDeclared: .trimming) { settings.trimming = trimming }
        settings.staticMember = try value(ifDeclared: .staticMember)
        if let folder = try value(ifDeclared: .replicaFolder) { settings.replicaFolder = folder }

        settings.mechanism = try value(for: .mechanism)
        settings.user = try valueIfSet(for: .user)
        settings.password = try valueIfSet(for: .password)
        settings.token = try valueIfSet(for: .token)
        settings.natsCredentials = try file(.natsCredentials, &problems)
        if settings.user == nil, settings.password != nil { problems.append("--password is set without --user: set both or neither") }
        let named = settings.address.servers.first { $0.contains("@") }
        let proofs = [
            ("a user in --broker", named), ("--user", settings.user), ("--token", settings.token), ("--nats-credentials", settings.natsCredentials),
        ]
        .filter { $0.1 != nil }.map(\.0)
        if proofs.count > 1 { problems.append("\(proofs.joined(separator: " and ")) are set: one way to prove who this is, choose it") }

        var tls = BrokerSettings.TLS()
        tls.authorities = try file(.tlsAuthority, &problems)
        tls.certificate = try file(.tlsCertificate, &problems)
        tls.key = try file(.tlsKey, &problems)
        tls.serverName = try valueIfSet(for: .tlsServerName)
        if (tls.certificate == nil) != (tls.key == nil) { problems.append("--tls-certificate and --tls-key belong together: set both or neither") }
        if try value(for: .tls) {
            settings.tls = tls
        } else if tls != BrokerSettings.TLS() {
            problems.append("--tls is off and keys that begin with --tls- are set: add --tls, or leave them out")
        }
        guard problems.isEmpty else { throw Misconfiguration(problems) }
        return settings
    }

    /// The path, which is checked now rather than in the middle of a handshake.
    private func file(_ key: ConfigurationKey<String>, _ problems: inout [String]) throws -> String? {
        guard let path = try valueIfSet(for: key) else { return nil }
        if access(path, R_OK) != 0 { problems.append("\(key.declaration.flag) is '\(path)': the file cannot be read: \(errorText(errno))") }
        return path
    }
}
