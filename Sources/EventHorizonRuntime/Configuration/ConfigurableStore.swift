public import EventHorizon
public import EventHorizonSQLite

/// A store that flags and environment say where to find.
public protocol ConfigurableStore: ReadModelStore {
    init(configuration: Configuration) throws
}

extension SQLite: ConfigurableStore {
    /// In the folder of `--read-model`.
    public convenience init(configuration: Configuration) throws {
        self.init(folder: try configuration.value(for: .readModel))
    }
}

extension Configuration {
    /// The store of read models that the projector writes; which kind follows from the projector.
    ///
    ///     ProjectorWorker(InvitationTable(), into: try configuration.readModel(), broker: try configuration.broker())
    public func readModel<Store: ConfigurableStore>() throws -> Store { try Store(configuration: self) }
}
