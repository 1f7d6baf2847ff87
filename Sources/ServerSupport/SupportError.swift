/// What went wrong with a process or a server, in a sentence for a person.
package struct SupportError: Error, CustomStringConvertible {
    package let description: String
    package init(_ description: String) { self.description = description }
}
