import Imaging
import Inference
import Sessions

/// A model as clients see it.
struct ModelView: Encodable {
    let model: any SegmentationModel
    let isDefault: Bool

    private enum Key: String, CodingKey {
        case id, name, version, description, licence, sha256, precision, input, classes, propagation
        case isDefault = "default"
        case adaptiveCadence = "adaptive_cadence"
        case stateBytes = "state_bytes"
    }

    func encode(to encoder: any Encoder) throws {
        let bundle = model.bundle
        var out = encoder.container(keyedBy: Key.self)
        try out.encode(bundle.name, forKey: .id)
        try out.encode(bundle.name, forKey: .name)
        try out.encode(bundle.version, forKey: .version)
        try out.encode(bundle.description, forKey: .description)
        try out.encode(bundle.licence, forKey: .licence)
        try out.encode(bundle.sha256, forKey: .sha256)
        try out.encode(isDefault, forKey: .isDefault)
        try out.encode(model.precision, forKey: .precision)
        try out.encode(bundle.hasAdaptiveCadence, forKey: .adaptiveCadence)
        try out.encode(["width": bundle.inputWidth, "height": bundle.inputHeight], forKey: .input)
        try out.encode(
            bundle.classes.enumerated().map { ClassView(value: $0, name: $1.name, color: $1.color) }, forKey: .classes)
        var propagation = ["method": bundle.method.rawValue, "upsampling": bundle.upsampling.rawValue]
        switch bundle.similarity {
        case .conv: propagation["similarity"] = "conv"
        case .cosine: propagation["similarity"] = "cosine"
        case nil: break
        }
        try out.encode(propagation, forKey: .propagation)
        try out.encode(SessionRegistry.stateBytes(model, SessionOptions()), forKey: .stateBytes)
    }

    private struct ClassView: Encodable {
        let value: Int
        let name: String
        let color: RGB
    }
}
