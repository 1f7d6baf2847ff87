/// An error that says whether the same call may succeed later without anyone's doing: a busy database, a broker that is away.
///
/// Such an error does not spend a message's attempts: it is waited out.
public protocol RetriableError: Error {
    var isRetriable: Bool { get }
}
