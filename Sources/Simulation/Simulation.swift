import Imaging

/// What the simulated world consists of.
package enum Simulation {
    /// The classes of every simulated label map, in the order of their indices.
    package static let classes: [ClassInfo] = [
        ClassInfo(name: "building", color: RGB(0xc0, 0x39, 0x2b)),
        ClassInfo(name: "road", color: RGB(0x8e, 0x8e, 0x93)),
        ClassInfo(name: "tree", color: RGB(0x1e, 0x7d, 0x32)),
        ClassInfo(name: "vegetation", color: RGB(0x9c, 0xcc, 0x65)),
        ClassInfo(name: "vehicle", color: RGB(0x29, 0x62, 0xff)),
        ClassInfo(name: "person", color: RGB(0xff, 0x4f, 0xd8)),
        ClassInfo(name: "water", color: RGB(0x26, 0xc6, 0xda)),
        ClassInfo(name: "background", color: RGB(0x3a, 0x3a, 0x3a)),
    ]
}

/// Class indices by name; the order of `Simulation.classes`.
enum Label {
    static let building: UInt8 = 0
    static let road: UInt8 = 1
    static let tree: UInt8 = 2
    static let vegetation: UInt8 = 3
    static let vehicle: UInt8 = 4
    static let person: UInt8 = 5
    static let water: UInt8 = 6
    static let background: UInt8 = 7
}
