extension ReadModelStore {
    /// Rows and checkpoint are read in one snapshot: `body` runs when the checkpoint covers `receipt`.
    ///
    /// - Parameters:
    ///   - projector: whose rows.
    ///   - receipt: what the rows must have seen; nil reads at once.
    ///   - limit: how long to wait for it.
    ///   - clock: what the wait is measured by.
    ///   - body: reads; runs once.
    /// - Throws: `ReadModelError.behind` when the limit has passed, `ReadModelError.parked` where the receipt's stream is held back there, `ReadModelError.otherLog` where the rows were made from another log, or what the store or `body` throws.
    public func read<P: Projector, Value>(
        _ projector: P.Type, atLeast receipt: Receipt? = nil, within limit: Duration = .seconds(5), clock: any WorkerClock = ReadingClock(),
        _ body: (borrowing StoreTransaction<Self>) throws -> Value
    ) async throws -> Value where P.Store == Self {
        let projection = ProjectionID(P.self)
        let deadline = clock.now + limit
        var pause = Duration.milliseconds(1)
        while true {
            switch try attempt(projection, receipt, body) {
            case .read(let value): return value
            case .not(let reason):
                guard receipt != nil, clock.now < deadline, !Task.isCancelled else { throw reason }
                await clock.sleep(until: min(clock.now + pause, deadline))
                pause = min(pause * 2, .milliseconds(16))
            }
        }
    }

    private func attempt<Value>(
        _ projection: ProjectionID, _ receipt: Receipt?, _ body: (borrowing StoreTransaction<Self>) throws -> Value
    ) throws -> ReadAttempt<Value> {
        do {
            return try snapshot(of: projection) { db, checkpoints in
                if let place = receipt?.place {
                    let checkpoint = checkpoints[place.partition]
                    if let checkpoint, checkpoint.incarnation != place.incarnation { throw ReadModelError.otherLog(projection) }
                    let position = checkpoint?.position ?? .start
                    guard position >= place.position else {
                        return .not(.behind(projection, at: position, wanted: place.position, partition: place.partition))
                    }
                    if let stream = receipt?.stream, let held = checkpoint?.held[stream], held.first <= place.position {
                        guard !held.isParked else { throw ReadModelError.parked(projection, stream) }
                        return .not(.parked(projection, stream))
                    }
                }
                return .read(try body(db))
            }
        } catch let error as ReadModelError where error == .missing(projection) {
            // Its projector has not come to make it yet.
            return .not(error)
        }
    }
}

private enum ReadAttempt<Value> {
    case read(Value)
    case not(ReadModelError)
}
