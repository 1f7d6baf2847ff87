internal import Glibc
internal import Synchronization

/// A process that this one started, by default ended with this one, however this one ends.
///
/// The child is killed when its last reference goes, and also when this process dies of `kill -9`: a watcher, forked by a small shell before it becomes the
/// program, holds a socket to us and kills the program when our end closes. (The kernel's parent-death signal would not do: it fires when the *thread*
/// that spawned ends, and the threads of Swift's pool do.) Safe to use from several tasks.
package final class ChildProcess: Sendable {
    /// Where the child's output goes. Each is opened for appending.
    package enum Output: Sendable {
        /// Into a nameless file, for `output` and `line(within:where:)`.
        case captured
        /// Into a file, for `output` too.
        case file(String)
        /// Where ours goes.
        case inherited
    }

    package enum Lifetime: Sendable {
        /// Dies with this process.
        case bound
        /// Goes on without this process, in a session of its own, also when this object is gone.
        case detached
    }

    /// The process's id; it stays the child's own until its end has been seen.
    package let pid: Int32
    package let executable: String
    private let lifetime: Lifetime
    private let captured: [Descriptor?]
    private let state: Mutex<State>

    private struct State {
        var status: ExitStatus?
        var lifeline: Descriptor?
    }

    /// - Parameters:
    ///   - executable: a path; PATH is not searched.
    ///   - environment: set beside our own environment; nil removes a variable.
    ///   - errors: nil sends standard error where standard output goes.
    ///   - folder: removed, with all that is in it, should this process die without its `deinit`. For `bound` ones.
    /// - Throws: `SupportError` when the program cannot be started.
    package init(
        _ executable: String, _ arguments: [String] = [], environment: [String: String?] = [:], output: Output = .captured, errors: Output? = nil,
        lifetime: Lifetime = .bound, removing folder: String? = nil
    ) throws {
        guard access(executable, X_OK) == 0 else { throw SupportError("'\(executable)' is not a program that can be started: \(lastError())") }
        self.executable = executable
        self.lifetime = lifetime
        let output = try Self.open(output, like: STDOUT_FILENO)
        let errors = try errors.map { try Self.open($0, like: STDERR_FILENO) } ?? output
        captured = [output.read, errors.read]

        var command = [executable] + arguments
        var lifeline: Descriptor?
        var input = try Descriptor.open("/dev/null", O_RDONLY)
        if lifetime == .bound {
            (input, lifeline) = try Descriptor.pair()
            command = ["/bin/sh", "-c", Self.bound, executable, folder ?? ""] + command
        }
        pid = try Self.spawn(command, environment: environment, detached: lifetime == .detached, descriptors: [input, output.write, errors.write])
        state = Mutex(State(lifeline: lifeline))
    }

    deinit {
        guard lifetime == .bound else { return }
        if exitStatus == nil {
            _ = Glibc.kill(pid, SIGKILL)
            state.withLock { Self.reap(pid, WEXITED, &$0) }
        }
    }

    /// $0: the program's name, $1: a folder or nothing, then the program and its arguments. The watcher ends quietly once it is told that the program has ended
    /// (a line), and kills it when the socket closes without that.
    private static let bound = """
        folder=$1; shift; exec 3<&0
        ( trap '' HUP INT TERM; read -r ended <&3 || { kill -9 $$; [ -z "$folder" ] || { sleep 0.1; rm -rf "$folder"; } } ) >/dev/null 2>&1 &
        exec "$@" 3<&- </dev/null
        """

    // MARK: Ending

    /// How the process ended; nil while it runs (or is stopped).
    package var exitStatus: ExitStatus? {
        state.withLock {
            if $0.status == nil { Self.reap(pid, WEXITED | WNOHANG, &$0) }
            return $0.status
        }
    }

    package var isRunning: Bool { exitStatus == nil }

    /// Sends a signal, unless the process has ended.
    package func send(signal: Int32) {
        state.withLock {
            if $0.status == nil { _ = Glibc.kill(pid, signal) }
        }
    }

    /// SIGKILL; returns when the process is gone.
    package func kill() async {
        send(signal: SIGKILL)
        while isRunning { await pause(.milliseconds(1)) }
    }

    /// SIGTERM.
    package func terminate() { send(signal: SIGTERM) }
    /// SIGSTOP: the process stands still, and does not know it. Returns when all its threads do.
    package func pause() {
        send(signal: SIGSTOP)
        var what = siginfo_t()
        while waitid(P_PID, id_t(pid), &what, WSTOPPED | WEXITED | WNOWAIT) == -1, errno == EINTR {}
    }
    /// SIGCONT.
    package func resume() { send(signal: SIGCONT) }

    /// Waits for the end.
    /// - Throws: `SupportError` with the last lines of output when it runs longer than `limit`.
    package func exit(within limit: Duration) async throws -> ExitStatus {
        let deadline = ContinuousClock.now + limit
        while true {
            if let exitStatus { return exitStatus }
            guard ContinuousClock.now < deadline else { throw SupportError("\(name) still runs after \(limit)\(tail())") }
            await pause(.milliseconds(5))
        }
    }

    private static func reap(_ pid: Int32, _ options: Int32, _ state: inout State) {
        var status: Int32 = 0
        var answer: Int32
        repeat { answer = waitpid(pid, &status, options & WNOHANG) } while answer == -1 && errno == EINTR
        guard answer != 0 else { return }
        let signal = status & 0x7f
        // Without an answer somebody else has taken the status (a process that ignores SIGCHLD does): it has ended, how is not known.
        state.status = answer != pid ? .exited(-1) : signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal: signal)
        state.lifeline?.send("ended\n")
        state.lifeline = nil
    }

    // MARK: Output

    package var name: String { String(executable.split(separator: "/").last ?? "") }

    /// All that it has written so far: standard output, then standard error where that goes elsewhere. Empty where it is inherited.
    package var output: String {
        captured[0] === captured[1] ? read(0) : read(0) + read(1)
    }

    package var standardOutput: String { read(0) }
    package var standardError: String { read(1) }

    private func read(_ index: Int) -> String { captured[index]?.contents() ?? "" }

    /// Waits for a whole line of output that satisfies `condition`, from the first line on.
    /// - Throws: `SupportError` with the last lines of output when the process ends or `limit` passes before.
    package func line(within limit: Duration, where condition: (Substring) -> Bool) async throws -> String {
        let deadline = ContinuousClock.now + limit
        while true {
            let ended = !isRunning
            let text = output
            let whole = ended ? text[...] : text[..<(text.lastIndex(of: "\n") ?? text.startIndex)]
            if let line = whole.split(separator: "\n").first(where: condition) { return String(line) }
            if let exitStatus { throw SupportError("\(name) \(exitStatus) before it said what was waited for\(tail())") }
            guard ContinuousClock.now < deadline else { throw SupportError("\(name) did not say what was waited for within \(limit)\(tail())") }
            await pause(.milliseconds(5))
        }
    }

    /// The last lines of output, for a message to a person; of a crash, its report from the beginning.
    package func tail(lines: Int = 20) -> String {
        let all = output.split(separator: "\n", omittingEmptySubsequences: false)
        let text = (Self.crash(in: all) ?? all.suffix(lines + 1)).joined(separator: "\n")
        return text.isEmpty ? "; it wrote nothing" : ":\n\(text)"
    }

    /// What was said before a crash, and the thread that crashed out of the many that the report shows.
    private static func crash(in lines: [Substring]) -> ArraySlice<Substring>? {
        guard let start = lines.firstIndex(where: { $0.contains("Program crashed") || $0.contains("Fatal error") }) else { return nil }
        let thread = lines[start...].firstIndex { $0.hasPrefix("Thread") && $0.contains("crashed") } ?? start
        return lines[max(0, start - 5)..<start] + lines[thread...].prefix(30)
    }

    private func pause(_ duration: Duration) async { try? await Task.sleep(for: duration) }

    // MARK: Starting

    private static func open(_ output: Output, like inherited: Int32) throws -> (read: Descriptor?, write: Descriptor) {
        switch output {
        case .captured:
            let file = try Descriptor.temporary()
            return (file, file)
        case .file(let path):
            let file = try Descriptor.open(path, O_RDWR | O_CREAT | O_APPEND)
            return (file, file)
        case .inherited:
            return (nil, try Descriptor.copy(of: inherited))
        }
    }

    private static func spawn(_ command: [String], environment: [String: String?], detached: Bool, descriptors: [Descriptor]) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (number, descriptor) in descriptors.enumerated() {
            posix_spawn_file_actions_adddup2(&actions, descriptor.number, Int32(number))
        }
        // Connections of the parent must not live on in its children; closing what has been closed meanwhile is no error.
        for number in Descriptor.inheritable where number > 2 { posix_spawn_file_actions_addclose(&actions, number) }

        // The parent may be at the terminal: a Ctrl-C is the parent's to answer. And it may have signals blocked or ignored that the child must see.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        sigemptyset(&none)
        var all = sigset_t()
        sigfillset(&all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        let session: Int32 = detached ? 0x80 /* POSIX_SPAWN_SETSID */ : Int32(POSIX_SPAWN_SETPGROUP)
        posix_spawnattr_setflags(&attributes, Int16(session | Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)))

        var variables = Environment.all
        for (name, value) in environment { variables[name] = value }
        let arguments = CStrings(command)
        let values = CStrings(variables.map { "\($0)=\($1)" })
        var pid: pid_t = 0
        let failure = posix_spawn(&pid, command[0], &actions, &attributes, arguments.pointers, values.pointers)
        guard failure == 0 else { throw SupportError("cannot start '\(command[0])': \(String(cString: strerror(failure)))") }
        return pid
    }
}
