#if Kafka
import CRDKafka
import EventHorizon
import EventHorizonWire
import Glibc

/// A record as a reader finds it.
protocol FoundRecord {
    var body: UnsafeRawBufferPointer { get }
    var key: UnsafeRawBufferPointer { get }
    /// Calls `body` with each header, in order, until it gives false; the bytes are valid inside of it only.
    func forEachHeader(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool)
    /// The value of the last header of that name, valid as long as the record.
    func header(_ name: String) -> UnsafeRawBufferPointer?
}

extension FoundRecord {
    /// Whose it is, by its key and header alone.
    var stream: StreamID? {
        guard let category = header(MessageHeaders.category) else { return nil }
        return StreamID(Category(String(decoding: category, as: UTF8.self)), String(decoding: key, as: UTF8.self))
    }
}

extension UnsafeMutablePointer: FoundRecord where Pointee == rd_kafka_message_t {
    /// Valid as long as the message.
    var body: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointee.payload, count: pointee.payload == nil ? 0 : pointee.len) }
    /// Valid as long as the message.
    var key: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: pointee.key, count: pointee.key == nil ? 0 : pointee.key_len) }

    func forEachHeader(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Bool) {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(self, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return }
        var index = 0
        var name: UnsafePointer<CChar>?
        var value: UnsafeRawPointer?
        var size = 0
        while rd_kafka_header_get_all(headers, index, &name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let name {
            let isGoingOn = body(
                UnsafeRawBufferPointer(start: name, count: strlen(name)), UnsafeRawBufferPointer(start: value, count: value == nil ? 0 : size))
            guard isGoingOn else { return }
            index += 1
        }
    }

    func header(_ name: String) -> UnsafeRawBufferPointer? {
        var headers: OpaquePointer?
        guard rd_kafka_message_headers(self, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR, let headers else { return nil }
        var value: UnsafeRawPointer?
        var size = 0
        guard rd_kafka_header_get_last(headers, name, &value, &size) == RD_KAFKA_RESP_ERR_NO_ERROR, let value else { return nil }
        return UnsafeRawBufferPointer(start: value, count: size)
    }
}
#endif
