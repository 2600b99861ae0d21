import Foundation

#if canImport(Darwin)
    import Darwin
#else
    import Glibc
#endif

/// An address of IPv4 or IPv6, in the form that `inet_pton` takes: no octal, no shortened numbers, no zones.
package struct IPAddress: Sendable, Hashable, CustomStringConvertible {
    /// 4 or 16, the highest first.
    package let bytes: [UInt8]

    package init?(_ text: String) {
        var four = in_addr()
        var six = in6_addr()
        if inet_pton(AF_INET, text, &four) == 1 {
            bytes = withUnsafeBytes(of: &four) { Array($0) }
        } else if inet_pton(AF_INET6, text, &six) == 1 {
            bytes = withUnsafeBytes(of: &six) { Array($0) }
        } else {
            return nil
        }
    }

    package var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        inet_ntop(bytes.count == 4 ? AF_INET : AF_INET6, bytes, &text, socklen_t(text.count))
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// Whether it is an address of the public internet: neither of this machine, nor of a private or special network.
    ///
    /// IANA's registries of special-purpose addresses (RFC 6890 and its updates); of IPv6 only 2000::/3 is given out at
    /// all. That leaves out IPv4 in the clothes of IPv6 (mapped, 6to4, Teredo, NAT64), which would be judged by its
    /// clothes.
    package var isPublic: Bool {
        guard bytes.count == 4 else {
            return AddressRange.allocatedIPv6.contains(self) && !AddressRange.special.contains { $0.contains(self) }
        }
        return !AddressRange.special.contains { $0.contains(self) }
    }
}

/// The addresses that begin alike, as CIDR writes them: `10.0.0.0/8`; an address alone is one.
package struct AddressRange: Sendable, Hashable {
    private let first: IPAddress
    private let bits: Int

    package init?(_ text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let first = IPAddress(String(parts[0])) else { return nil }
        let all = first.bytes.count * 8
        guard let bits = parts.count == 1 ? all : Int(parts[1]), (0...all).contains(bits) else { return nil }
        self.first = first
        self.bits = bits
    }

    package func contains(_ address: IPAddress) -> Bool {
        guard address.bytes.count == first.bytes.count else { return false }
        return (0..<bits).allSatisfy { bit in
            (address.bytes[bit / 8] ^ first.bytes[bit / 8]) & (0x80 >> UInt8(bit % 8)) == 0
        }
    }

    fileprivate static let allocatedIPv6 = AddressRange("2000::/3")!

    fileprivate static let special: [AddressRange] = [
        "0.0.0.0/8",  // this network; 0.0.0.0 reaches this machine
        "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16",  // private, RFC 1918
        "100.64.0.0/10",  // shared by carriers, RFC 6598
        "127.0.0.0/8",  // loopback
        "169.254.0.0/16",  // link-local; clouds keep their credentials there
        "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.51.100.0/24", "203.0.113.0/24",  // protocols, examples
        "198.18.0.0/15",  // benchmarks
        "224.0.0.0/4", "240.0.0.0/4",  // multicast; reserved, and broadcast
        "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",  // protocols and Teredo, examples, 6to4, examples
    ].map { AddressRange($0)! }
}
