// The first letters of a Chinese name's pinyin: `张三` is found by `zs`. Readings come from three places: surnames that
// are read otherwise than the character usually is, the order of GB 2312 level 1, and a short list of further characters
// that names are made of. What none of them knows matches any letter (`unknown`): a name of three with one rare
// character is still found by its other two, at the price of a few matches too many.

enum PinyinInitials {
    /// Stands for a Han character whose reading is not known.
    static let unknown = UInt8(ascii: "?")

    /// Lower-case initials of `name`, letters and digits as they are, all else left out. A second reading when the name
    /// may begin with a surname that is read in its own way; the surname's is the first then.
    static func readings(of name: String) -> [[UInt8]] {
        let scalars = Array(name.unicodeScalars)
        let usual = scalars.compactMap(initial)
        guard usual.contains(where: { $0.isASCIILetter || $0 == unknown }), let first = scalars.first else { return [] }
        for (surname, initials) in compoundSurnames where scalars.starts(with: surname.unicodeScalars) {
            return [initials.utf8 + scalars.dropFirst(initials.utf8.count).compactMap(initial)]
        }
        guard let own = surnames[first], own != usual.first else { return [usual] }
        return [[own] + usual.dropFirst(), usual]
    }

    private static func initial(of scalar: Unicode.Scalar) -> UInt8? {
        if scalar.isASCII {
            let byte = UInt8(truncatingIfNeeded: scalar.value)
            return byte.isASCIILetterOrDigit ? byte | 0x20 : nil
        }
        if let known = initials[scalar] { return known }
        return scalar.properties.isIdeographic ? unknown : nil
    }

    private static let initials: [Unicode.Scalar: UInt8] = {
        var found: [Unicode.Scalar: UInt8] = [:]
        found.reserveCapacity(4_200)
        for (initial, characters) in GB2312Level1.runs + names {
            for scalar in characters.unicodeScalars { found[scalar] = initial }
        }
        return found
    }()

    private static let surnames: [Unicode.Scalar: UInt8] = {
        var found: [Unicode.Scalar: UInt8] = [:]
        for (initial, characters) in readOtherwise {
            for scalar in characters.unicodeScalars { found[scalar] = initial }
        }
        return found
    }()

    /// Surnames of one character whose initial is not the one that the character has elsewhere.
    private static let readOtherwise: [(initial: UInt8, characters: String)] = [
        (UInt8(ascii: "b"), "秘"), (UInt8(ascii: "c"), "种"), (UInt8(ascii: "o"), "区"), (UInt8(ascii: "p"), "繁"),
        (UInt8(ascii: "q"), "仇"), (UInt8(ascii: "s"), "单召折"), (UInt8(ascii: "x"), "解"), (UInt8(ascii: "y"), "乐"),
        (UInt8(ascii: "z"), "查翟祭"),
    ]

    /// Surnames of two characters of which one is read otherwise than alone.
    private static let compoundSurnames: [(surname: String, initials: String)] = [
        ("万俟", "mq"), ("尉迟", "yc"), ("单于", "cy"), ("长孙", "zs"), ("澹台", "tt"),
    ]

    /// Characters outside level 1 that surnames and given names use.
    private static let names: [(initial: UInt8, characters: String)] = [
        (UInt8(ascii: "c"), "褚晁谌岑嫦翀偲昶璨琮陳"), (UInt8(ascii: "d"), "岱黛妲"), (UInt8(ascii: "f"), "霏馥沣菲"),
        (UInt8(ascii: "h"), "皓珩蘅瀚灏颢晗晖骅泓昊嬛黃"), (UInt8(ascii: "j"), "嵇郏婕瑾珏婧璟菁骥稷珈珺"),
        (UInt8(ascii: "k"), "阚珂恺锴堃"), (UInt8(ascii: "l"), "璐岚琅逯俪骊郦琏嶙绫泠苓翎珞藜劉"),
        (UInt8(ascii: "m"), "缪宓邈旻淼懋沐茗"), (UInt8(ascii: "n"), "乜妮娜"), (UInt8(ascii: "p"), "邳珮芃"),
        (UInt8(ascii: "q"), "覃琪琦淇祺芊茜倩荃箐蕲骐骞"), (UInt8(ascii: "r"), "睿芮苒榕嵘"),
        (UInt8(ascii: "s"), "佘晟姗姝澍昇"), (UInt8(ascii: "t"), "仝婷佟韬昙"),
        (UInt8(ascii: "w"), "玮炜邬汶薇葳玟琬"), (UInt8(ascii: "x"), "冼郗鑫萱昕璇曦煊栩筱暄骁潇荇玺禤荀"),
        (UInt8(ascii: "y"), "妍煜钰烨焱嫣娅琰沅瑗媛瑜晔昀昱怡懿轶弈奕祎滢漪鄢闫晏旸飏芸筠胤瑛璎毓玥赟楊"),
        (UInt8(ascii: "z"), "梓芷钊铮峥桢稹筝郅璋喆張趙"),
    ]
}
