import EventHorizonBridge
import Glibc

extension MonotonicTime {
    /// Blocks the thread.
    static func pause(_ duration: Duration) { usleep(UInt32(max(1, duration / .microseconds(1)))) }
}
