/// An answer of the health server: a status and a text.
struct HTTPResponse: Sendable, Equatable {
    var status: UInt32
    var contentType = "text/plain; charset=utf-8"
    var body: String
}
