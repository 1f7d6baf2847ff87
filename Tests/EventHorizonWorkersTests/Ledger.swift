import EventHorizon
import EventHorizonSQLite

/// An account with a balance: the domain of these tests.
struct Account: Aggregate {
    static let category = "bank.v1.Account"

    enum Command: Message {
        case deposit(amount: Int), withdraw(amount: Int), close, note(text: String)
        enum CodingKeys: String, MessageName {
            case deposit = "bank.v1.Deposit"
            case withdraw = "bank.v1.Withdraw"
            case close = "bank.v1.Close"
            case note = "bank.v1.Note"
        }
    }

    enum Event: Message {
        case deposited(amount: Int), withdrawn(amount: Int), closed, noted(text: String)
        enum CodingKeys: String, MessageName {
            case deposited = "bank.v1.Deposited"
            case withdrawn = "bank.v1.Withdrawn"
            case closed = "bank.v1.Closed"
            case noted = "bank.v1.Noted"
        }
    }

    enum Rejection: Error, Codable, Equatable { case overdrawn(balance: Int), closed }

    private var balance = 0
    private var isClosed = false

    func decide(_ command: Command) throws(Rejection) -> [Event] {
        switch command {
        case .close where isClosed: return []
        case .close: return [.closed]
        case _ where isClosed: throw .closed
        case .deposit(let amount): return [.deposited(amount: amount)]
        case .withdraw(let amount) where amount > balance: throw .overdrawn(balance: balance)
        case .withdraw(let amount): return [.withdrawn(amount: amount)]
        case .note(let text): return [.noted(text: text)]
        }
    }

    mutating func evolve(with event: Event) {
        switch event {
        case .deposited(let amount): balance += amount
        case .withdrawn(let amount): balance -= amount
        case .closed: isClosed = true
        case .noted: break
        }
    }
}

/// Moves a tenth of every deposit to the tax office; tells the account when the office will not have it, and gives back what it was paid.
struct Tax: Saga {
    static let name = "tax"
    static let reads = Events(of: Account.self, only: .deposited, .closed)
    typealias Timer = Never
    private var paid = 0
    private var refusals = 0

    static func route(_ event: Recorded<Account>) -> SagaRoute {
        if event.aggregate == "office" { return .ignore }
        return if case .closed = event.body { .resume(event.aggregate) } else { .startOrResume(event.aggregate) }
    }

    mutating func react(to event: Recorded<Account>) -> [Effect] {
        switch event.body {
        case .deposited(let amount):
            paid += amount / 10
            return [.send(.deposit(amount: amount / 10), to: "office", of: Account.self, undo: .withdraw(amount: amount / 10))]
        default: return [.compensate, .complete]
        }
    }

    mutating func react(to rejection: RejectedEffect) -> [Effect] {
        guard let (command, reason) = rejection.from(Account.self), case .deposit = command, reason == .closed else { return [] }
        refusals += 1
        return [.send(.note(text: "the office is closed, refusal \(refusals)"), to: "complaints", of: Account.self)]
    }
}

struct Balances: Projector {
    static let name = "balances"
    static let reads = Events(of: Account.self, only: .deposited, .withdrawn)

    func createSchema(in db: borrowing SQLiteTransaction) throws {
        try db.execute("CREATE TABLE balance (id TEXT PRIMARY KEY, amount INTEGER NOT NULL, changes INTEGER NOT NULL)")
    }

    func project(_ event: Recorded<Account>, in db: borrowing SQLiteTransaction) throws {
        let change =
            switch event.body {
            case .deposited(let amount): amount
            case .withdrawn(let amount): -amount
            default: 0
            }
        if change == 666 { throw Unlucky() }
        try db.execute(
            "INSERT INTO balance VALUES (?, ?, 1) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount, changes = changes + 1",
            event.aggregate, change)
    }

    struct Unlucky: Error {}
}
