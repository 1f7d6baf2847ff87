#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonBridge
import EventHorizonWire

/// The local copies of a member's partitions, on a thread of their own: what is loaded comes from here, in the order of what was added before.
final class Replica: Sendable {
    /// What is to become of an append, by what lies in its place.
    enum Verdict: Sendable {
        case free
        case duplicate(Position)
        case conflict(Position)
        /// The record in its place cannot be read.
        case unreadable(String)
    }
    enum Answer: Sendable {
        /// - Parameter end: Of the stream, nil where it cannot be read.
        case loaded(Outcome.Load, epoch: UInt64, LoadedStream.Result, end: Position?)
        case judged(token: Int, partition: Int, epoch: UInt64, Verdict)
        case broken(partition: Int, epoch: UInt64, String)
    }

    /// Of the thread alone.
    private final class Files: @unchecked Sendable {
        // Unchecked: jobs of one thread touch it, one after the other.
        var open: [Int: (file: ReplicaFile, epoch: UInt64)] = [:]
        let codec = WireCodec()
    }

    private let thread: WorkThread
    private let files = Files()
    private let folder: String
    private let answer: @Sendable (Answer) -> Void

    init(folder: String, _ answer: @escaping @Sendable (Answer) -> Void) throws {
        thread = try WorkThread()
        self.folder = folder
        self.answer = answer
    }

    // MARK: Opening

    /// Opens a partition's file, for the holder of that epoch; the offset from which its log is to be read on. Blocks: for threads of our own.
    func open(_ identity: ReplicaFile.Identity, epoch: UInt64) throws -> Int64 {
        let result = thread.run { [files, folder] () -> Swift.Result<Int64, ReplicaFile.Failure> in
            do {
                // The one before was lost, with whatever it may have believed.
                files.open.removeValue(forKey: identity.partition)?.file.close()
                let file = try ReplicaFile.open(folder: folder, identity)
                files.open[identity.partition] = (file, epoch)
                return .success(file.next)
            } catch let failure as ReplicaFile.Failure {
                return .failure(failure)
            } catch {
                return .failure(ReplicaFile.Failure(description: "\(error)"))
            }
        }
        guard let result else { throw ReplicaFile.Failure(description: "the member has ended") }
        return try result.get()
    }

    /// Adds records that were read from the log, and says up to which offset it was read. Blocks: for threads of our own.
    func add(_ records: [(stream: StreamID, bytes: [UInt8], offset: Int64)], readTo offset: Int64, partition: Int, epoch: UInt64) throws {
        let failure = thread.run { [files] () -> ReplicaFile.Failure? in
            guard let open = files.open[partition], open.epoch == epoch else { return nil }
            do {
                for record in records { try record.bytes.withUnsafeBytes { try open.file.add($0, of: record.stream, at: record.offset) } }
                open.file.advance(to: offset)
                return nil
            } catch { return error as? ReplicaFile.Failure ?? ReplicaFile.Failure(description: "\(error)") }
        }
        if case .some(.some(let failure)) = failure { throw failure }
    }

    // MARK: Serving

    /// Adds what was just committed.
    func add(_ part: Part, offsets: [Int64], partition: Int, epoch: UInt64) {
        guard !part.commits.isEmpty else { return }
        serve(partition, epoch) { file, _ in
            for commit in part.commits {
                try part.buffer.value(of: commit.record).withUnsafeBytes { try file.add($0, of: commit.stream, at: offsets[commit.record]) }
            }
        }
    }

    func load(_ load: Outcome.Load, epoch: UInt64) {
        thread.add { [files, answer] in
            guard let (file, known) = files.open[load.partition], known == epoch else { return }
            do {
                let commits: [StoredCommit]
                var end: Position?
                switch load.extent {
                case .whole: commits = try file.commits(of: load.stream, after: .start, codec: files.codec)
                case .after(let position): commits = try file.commits(of: load.stream, after: position, codec: files.codec)
                case .last: commits = try file.last(of: load.stream, codec: files.codec).map { [$0] } ?? []
                // Not a record of the events log.
                case .letter: commits = []
                }
                end = commits.last?.position
                if end == nil, case .after = load.extent { end = try file.last(of: load.stream, codec: files.codec)?.position }
                answer(.loaded(load, epoch: epoch, .commits(commits), end: end ?? .start))
            } catch let error as WireError {
                answer(
                    .loaded(load, epoch: epoch, .unreadable(reason: "a record of '\(load.stream)' cannot be read by this build: \(error)"), end: nil))
            } catch {
                answer(.broken(partition: load.partition, epoch: epoch, "\(error)"))
            }
        }
    }

    /// Says what lies in an append's place.
    func judge(_ append: Outcome.Append, epoch: UInt64) {
        let stream = append.commit.stream
        serve(append.partition, epoch) { [answer] file, codec in
            var verdict: Verdict
            do {
                if let occupant = try file.first(of: stream, after: append.previous, codec: codec) {
                    verdict = occupant.commit.isSameDecision(as: append.commit) ? .duplicate(occupant.position) : .conflict(occupant.position)
                } else {
                    let end = try file.last(of: stream, codec: codec)?.position ?? .start
                    verdict = end == append.previous ? .free : .conflict(end)
                }
            } catch let error as WireError {
                verdict = .unreadable("a record of '\(stream)' cannot be read by this build: \(error)")
            }
            answer(.judged(token: append.token, partition: append.partition, epoch: epoch, verdict))
        }
    }

    private func serve(_ partition: Int, _ epoch: UInt64, _ body: @escaping @Sendable (ReplicaFile, WireCodec) throws -> Void) {
        thread.add { [files, answer] in
            guard let (file, known) = files.open[partition], known == epoch else { return }
            do { try body(file, files.codec) } catch { answer(.broken(partition: partition, epoch: epoch, "\(error)")) }
        }
    }

    // MARK: Ending

    /// Closes a partition's file, so that another process can have it. Blocks: for threads of our own.
    func close(_ partition: Int, epoch: UInt64) {
        _ = thread.run { [files] in
            guard let open = files.open[partition], open.epoch == epoch else { return }
            open.file.close()
            files.open[partition] = nil
        }
    }

    /// Closes every file and ends the thread.
    func stop() {
        thread.add { [files] in
            for (file, _) in files.open.values { file.close() }
            files.open = [:]
        }
        thread.stop()
    }
}
#endif
