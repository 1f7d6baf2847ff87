import EventHorizonJSON
import Testing

@testable import EventHorizon

@Suite struct CatalogProblems {
    enum Forgetful: Message {
        case a
        case b(Int)
        enum CodingKeys: String, MessageName { case a }
    }

    enum Odd: Message {
        case a, b
        enum CodingKeys: String, MessageName {
            case a = "tests.v1.A B"
            case b = "tests.v1.Bé"
        }
    }

    enum Muddled: Message {
        case a, b
        enum CodingKeys: String, MessageName {
            case a = "tests.v1.A"
            case b = "tests.v1.B"
        }
        struct Old: Decodable {}
        static let catalog: MessageCatalog<Self> = [
            .renamed("tests.v1.A", to: .b),
            .retired("tests.v0.X"),
            .renamed("tests.v0.X", to: .a),
            .retired("tests.v0.X"),
            .retired("tests.v1.B"),
            .upcast(.a, from: Old.self, schema: 1) { _ in [.a] },
            .upcast(.a, from: Old.self, schema: 1) { _ in [.b] },
            .upcast(.b, from: Old.self, schema: 0) { _ in [.b] },
            .format(.json, .a),
            .payload(.a, contentType: "text/plain", encode: { _ in [] }, decode: { _ in .a }),
        ]
    }

    @Test func names_that_are_in_order_have_no_problems() {
        #expect(MessageCatalog<Invitation.Event>.problems == [])
        #expect(MessageCatalog<Order.Event>.problems == [])
        #expect(MessageCatalog<Acceptance.Event>.problems == [])
    }

    @Test func an_implicit_name_and_an_unnamed_case_are_told() {
        #expect(
            MessageCatalog<Forgetful>.problems == [
                "Forgetful: 'a' is no durable name: write case a = \"<area>.v1.<Name>\" in its CodingKeys",
                "Forgetful has 2 cases and 1 names in its CodingKeys: name every case",
            ])
        #expect(throws: EncodingError.self) { try Forgetful.catalog.encode(.b(1), format: .json) }
    }

    @Test func a_name_that_no_header_can_hold_is_told() {
        #expect(
            MessageCatalog<Odd>.problems == [
                "Odd: 'tests.v1.A B' is no durable name: use letters, digits, '.', '-' and '_'",
                "Odd: 'tests.v1.Bé' is no durable name: use letters, digits, '.', '-' and '_'",
            ])
    }

    @Test func rules_that_contradict_each_other_are_told() {
        #expect(
            MessageCatalog<Muddled>.problems == [
                "Muddled: 'tests.v1.A' is a name of today and cannot be renamed to 'tests.v1.B'",
                "Muddled: 'tests.v0.X' has two rules: keep one",
                "Muddled: 'tests.v0.X' has two rules: keep one",
                "Muddled: 'tests.v1.B' is a name of today: give its upcast a schema version, or take the name out of CodingKeys",
                "Muddled: 'tests.v1.A' is upcast from schema version 1 twice: keep one",
                "Muddled: 'tests.v1.B' is upcast from schema version 0: versions begin at 1",
                "Muddled: the payload of 'tests.v1.A' has two rules: keep one",
            ])
    }

    enum Empty {}
    enum One { case only }
    enum Payloads {
        case a(Int)
        case b(String)
        case c([Int])
    }
    enum Mixed {
        case a
        case b(Int)
        case c
        case d(x: Int, y: String)
        case e
    }
    enum Numbered: Int {
        case a = 5
        case b, c, d
    }
    indirect enum Tree {
        case leaf
        case node(Tree, Tree)
    }
    enum Generic<T> {
        case none
        case some(T)
        case both(T, T)
    }
    struct NoEnum {}
    final class NoEnumEither {}

    @Test func the_cases_of_an_enum_are_counted() {
        #expect(caseCount(of: Empty.self) == 0)
        #expect(caseCount(of: One.self) == 1)
        #expect(caseCount(of: Payloads.self) == 3)
        #expect(caseCount(of: Mixed.self) == 5)
        #expect(caseCount(of: Numbered.self) == 4)
        #expect(caseCount(of: Tree.self) == 2)
        #expect(caseCount(of: Generic<String>.self) == 3)
        #expect(caseCount(of: NoEnum.self) == nil)
        #expect(caseCount(of: NoEnumEither.self) == nil)
        #expect(caseCount(of: (Int, Int).self) == nil)
        #expect(caseCount(of: (any Message).self) == nil)
        #expect(caseCount(of: Many.self) == 300)
    }
}

/// More cases than a byte can tell apart.
private enum Many {
    case c0, c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13, c14, c15, c16, c17, c18, c19
    case c20, c21, c22, c23, c24, c25, c26, c27, c28, c29, c30, c31, c32, c33, c34, c35, c36, c37, c38, c39
    case c40, c41, c42, c43, c44, c45, c46, c47, c48, c49, c50, c51, c52, c53, c54, c55, c56, c57, c58, c59
    case c60, c61, c62, c63, c64, c65, c66, c67, c68, c69, c70, c71, c72, c73, c74, c75, c76, c77, c78, c79
    case c80, c81, c82, c83, c84, c85, c86, c87, c88, c89, c90, c91, c92, c93, c94, c95, c96, c97, c98, c99
    case c100, c101, c102, c103, c104, c105, c106, c107, c108, c109, c110, c111, c112, c113, c114, c115, c116, c117, c118, c119
    case c120, c121, c122, c123, c124, c125, c126, c127, c128, c129, c130, c131, c132, c133, c134, c135, c136, c137, c138, c139
    case c140, c141, c142, c143, c144, c145, c146, c147, c148, c149, c150, c151, c152, c153, c154, c155, c156, c157, c158, c159
    case c160, c161, c162, c163, c164, c165, c166, c167, c168, c169, c170, c171, c172, c173, c174, c175, c176, c177, c178, c179
    case c180, c181, c182, c183, c184, c185, c186, c187, c188, c189, c190, c191, c192, c193, c194, c195, c196, c197, c198, c199
    case c200, c201, c202, c203, c204, c205, c206, c207, c208, c209, c210, c211, c212, c213, c214, c215, c216, c217, c218, c219
    case c220, c221, c222, c223, c224, c225, c226, c227, c228, c229, c230, c231, c232, c233, c234, c235, c236, c237, c238, c239
    case c240, c241, c242, c243, c244, c245, c246, c247, c248, c249, c250, c251, c252, c253, c254, c255, c256, c257, c258, c259
    case c260, c261, c262, c263, c264, c265, c266, c267, c268, c269, c270, c271, c272, c273, c274, c275, c276, c277, c278, c279
    case c280, c281, c282, c283, c284, c285, c286, c287, c288, c289, c290, c291, c292, c293, c294, c295, c296, c297, c298, c299
}
