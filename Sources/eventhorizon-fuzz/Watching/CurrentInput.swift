import Glibc

/// The input in hand, where a signal handler finds it: whatever ends the process, its bytes are told first.
///
/// What a handler may do is little: it reads this memory and writes to standard error.
struct CurrentInput {
    private var number = 0
    private var seed: UInt64 = 0
    private var name: StaticString = ""
    private var bytes: UnsafePointer<UInt8>?
    private var count = 0
    private var isInHand = false
    private var isTold = false
    /// The input's number when the clock last looked, and how often it looked since.
    private var seen = -1
    private var looks = 0
    private var limit = 0
    private var stack = stack_t()

    // Unsafe: handlers of signals can be given no context. They run on the thread that they interrupt, and this program has one.
    nonisolated(unsafe) private static let shared: UnsafeMutablePointer<CurrentInput> = {
        let shared = UnsafeMutablePointer<CurrentInput>.allocate(capacity: 1)
        shared.initialize(to: CurrentInput())
        return shared
    }()
    nonisolated(unsafe) private static let before = UnsafeMutablePointer<sigaction>.allocate(capacity: 64)

    /// Watches the inputs from now on. Once in a process.
    /// - Parameter limit: Seconds that one may take.
    static func watch(seed: UInt64, limit: Int) {
        shared.pointee.seed = seed
        shared.pointee.limit = limit
        // A stack that overflowed has no room for a handler.
        let size = 1 << 16
        shared.pointee.stack = stack_t(ss_sp: .allocate(byteCount: size, alignment: 16), ss_flags: 0, ss_size: size)
        sigaltstack(&shared.pointee.stack, nil)
        for signal in [SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE] { handle(signal) { CurrentInput.crashed($0) } }
        handle(SIGALRM) { _ in CurrentInput.look() }
        var every = itimerval(it_interval: timeval(tv_sec: 1, tv_usec: 0), it_value: timeval(tv_sec: 1, tv_usec: 0))
        setitimer(__itimer_which_t(ITIMER_REAL.rawValue), &every, nil)
        // The address sanitizer ends the process by itself; it is there if it was linked.
        if let symbol = dlsym(nil, "__sanitizer_set_death_callback") {
            // Its declaration in sanitizer/common_interface_defs.h.
            typealias Register = @convention(c) (@convention(c) () -> Void) -> Void
            unsafeBitCast(symbol, to: Register.self)({ CurrentInput.tell("ended by the sanitizer") })
        }
    }

    /// Whether the address sanitizer is in this process.
    static var isSanitized: Bool { dlsym(nil, "__asan_init") != nil }

    /// `bytes` stay where they are until `end`.
    static func begin(_ number: Int, _ name: StaticString, _ bytes: UnsafeRawBufferPointer) {
        shared.pointee.number = number
        shared.pointee.name = name
        shared.pointee.bytes = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self)
        shared.pointee.count = bytes.count
        shared.pointee.isInHand = true
    }

    static func end() { shared.pointee.isInHand = false }

    private static func handle(_ signal: Int32, _ handler: @escaping @convention(c) (Int32) -> Void) {
        var action = sigaction()
        action.__sigaction_handler.sa_handler = handler
        action.sa_flags = SA_ONSTACK | (signal == SIGALRM ? SA_RESTART : 0)
        sigaction(signal, &action, before + Int(signal))
    }

    /// Tells, and leaves the rest to whoever handled it before: the instruction is tried again, and fails again.
    private static func crashed(_ signal: Int32) {
        tell("a crash")
        sigaction(signal, before + Int(signal), nil)
        if signal == SIGABRT { raise(signal) }
    }

    private static func look() {
        guard shared.pointee.isInHand else { return }
        if shared.pointee.seen != shared.pointee.number {
            shared.pointee.seen = shared.pointee.number
            shared.pointee.looks = 0
        }
        shared.pointee.looks += 1
        guard shared.pointee.looks > shared.pointee.limit else { return }
        tell("a hang")
        _exit(1)
    }

    static func tell(_ what: StaticString) {
        guard shared.pointee.isInHand, !shared.pointee.isTold else { return }
        shared.pointee.isTold = true
        write("\n")
        write(what)
        write(" in decoder ")
        write(shared.pointee.name)
        write(", seed ")
        write(decimal: shared.pointee.seed)
        write(", input ")
        write(decimal: UInt64(shared.pointee.number))
        write(", to be given again with --decoder and --input:\n")
        if let bytes = shared.pointee.bytes {
            for index in 0..<shared.pointee.count {
                let (high, low) = (bytes[index] >> 4, bytes[index] & 15)
                write(high < 10 ? 48 + high : 87 + high)
                write(low < 10 ? 48 + low : 87 + low)
            }
        }
        write("\n")
    }

    private static func write(_ text: StaticString) { _ = Glibc.write(STDERR_FILENO, text.utf8Start, text.utf8CodeUnitCount) }

    private static func write(_ byte: UInt8) {
        var byte = byte
        _ = Glibc.write(STDERR_FILENO, &byte, 1)
    }

    private static func write(decimal value: UInt64) {
        if value >= 10 { write(decimal: value / 10) }
        write(48 + UInt8(value % 10))
    }
}
