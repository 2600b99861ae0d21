import Foundation

/// A condition that is not as it should be.
package struct ConditionFault: Error, Equatable {
    /// Where in the document, such as `conditions[1].when.all[0].class`.
    package var path: String
    /// A sentence.
    package var message: String

    package init(path: String, message: String) {
        self.path = path
        self.message = message
    }
}

/// A value of a JSON document, and its place in it: read strictly, what is unknown or of another type is a fault.
package struct JSONNode {
    let value: Any
    package let path: String

    /// `value`: as `JSONSerialization` gives it.
    package init(_ value: Any, path: String) {
        self.value = value
        self.path = path
    }

    func fault(_ message: String) -> ConditionFault { ConditionFault(path: path, message: message) }

    /// An object's members by name; null is as if it were not there.
    package func members(_ known: [String]) throws(ConditionFault) -> [String: JSONNode] {
        guard let object = value as? [String: Any] else { throw fault("\"\(path)\" must be a JSON object.") }
        var members: [String: JSONNode] = [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            let member = JSONNode(value, path: path.isEmpty ? name : "\(path).\(name)")
            guard known.contains(name) else {
                throw member.fault("Unknown member \"\(name)\" (known: \(known.joined(separator: ", "))).")
            }
            if !(value is NSNull) { members[name] = member }
        }
        return members
    }

    func items(atMost limit: Int) throws(ConditionFault) -> [JSONNode] {
        guard let list = value as? [Any] else { throw fault("\"\(path)\" must be a list.") }
        guard list.count <= limit else { throw fault("\"\(path)\" has \(list.count) items; \(limit) is the most.") }
        return list.enumerated().map { JSONNode($1, path: "\(path)[\($0)]") }
    }

    func string(maxBytes: Int) throws(ConditionFault) -> String {
        guard let text = value as? String, (1...maxBytes).contains(text.utf8.count) else {
            throw fault("\"\(path)\" must be a string of 1 to \(maxBytes) bytes.")
        }
        guard text.unicodeScalars.allSatisfy({ $0.properties.generalCategory != .control }) else {
            throw fault("\"\(path)\" must not contain control characters.")
        }
        return text
    }

    func number(in range: ClosedRange<Double>) throws(ConditionFault) -> Double {
        guard let number = value as? NSNumber, !Self.isBoolean(number), range.contains(number.doubleValue) else {
            throw fault(
                "\"\(path)\" must be a number, \(Self.text(range.lowerBound)) to \(Self.text(range.upperBound)).")
        }
        return number.doubleValue
    }

    func bool() throws(ConditionFault) -> Bool {
        guard let number = value as? NSNumber, Self.isBoolean(number) else {
            throw fault("\"\(path)\" must be true or false.")
        }
        return number.boolValue
    }

    /// JSON's `true` arrives as a number.
    private static func isBoolean(_ number: NSNumber) -> Bool { String(cString: number.objCType) == "c" }

    private static func text(_ number: Double) -> String {
        Int(exactly: number).map(String.init) ?? String(number)
    }
}
