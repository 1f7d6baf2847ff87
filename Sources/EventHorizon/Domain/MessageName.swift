/// The durable names of an enum's cases: `enum CodingKeys: String, MessageName`.
public protocol MessageName: CodingKey, CaseIterable, RawRepresentable, Hashable, Sendable where RawValue == String {}
