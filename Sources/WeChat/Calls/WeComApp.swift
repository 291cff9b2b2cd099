// An app of a company in WeCom, with the calls that are made for it.

/// Who signed in at the company's app.
public enum WeComIdentity: Sendable, Equatable {
    /// The ticket is for `details`, after consent.
    case member(userID: String, ticket: Secret?)
    /// Somebody outside; with an external id if a member of the company has them as a contact.
    case outsider(openID: String, externalUserID: String?)
}

/// What a member agreed to tell. Anything may be missing.
public struct WeComMemberDetails: Sendable, Equatable {
    public let userID: String
    public let avatar: WebAddress?
    public let mobile: String?
    public let email: String?
    public let businessEmail: String?
}

public struct WeComExternalContact: Sendable, Equatable {
    public enum Kind: Sendable, Equatable { case weChat, weCom }

    public struct Follower: Sendable, Equatable {
        public let userID: String
        /// What the member calls the contact.
        public let remark: String?
    }

    public let externalUserID: String
    public let name: String?
    public let position: String?
    public let corporationName: String?
    public let avatar: WebAddress?
    public let kind: Kind?
    public let unionID: String?
    /// The members who have this contact.
    public let followers: [Follower]
}

public struct WeComDepartment: Sendable, Equatable {
    public let id: Int
    /// 0 above the root.
    public let parentID: Int
    /// Nil for apps that may not see names.
    public let name: String?
    public let englishName: String?
    /// Larger comes first.
    public let order: Int
    public let leaders: [String]
}

/// A member as the directory lists them. Apps made since 2022 get no mobile, e-mail or avatar here.
public struct WeComMember: Sendable, Equatable {
    public enum Status: Int, Sendable {
        case active = 1
        case disabled = 2
        case notActivated = 4
        case left = 5
    }

    public let userID: String
    public let name: String?
    public let alias: String?
    public let mobile: String?
    public let departments: [Int]
    public let mainDepartment: Int?
    /// Those of `departments` that the member leads.
    public let leads: [Int]
    public let directLeaders: [String]
    public let position: String?
    public let externalPosition: String?
    public let status: Status?
    /// False only if WeCom says so.
    public let isEnabled: Bool
}

public struct WeComApp: Sendable, Equatable {
    public let corporationID: String
    private let secret: Secret
    private let base: WeChatBase

    public init(corporationID: String, secret: Secret, base: WeChatBase = .weCom) {
        self.corporationID = corporationID
        self.secret = secret
        self.base = base
    }

    /// The same as long as it is good.
    public var token: TokenCall {
        WeChatCall(
            get: base, "/cgi-bin/gettoken", ["corpid": corporationID, "corpsecret": secret.text], credential: .secret
        ) { json throws(WeChatError) in TokenReply(json, field: "access_token") }
    }

    /// What pages are signed with for `wx.config`: at most 400 fetches an hour for the company.
    public func companyTicket(token: Secret) -> TokenCall {
        WeChatCall(get: base, "/cgi-bin/get_jsapi_ticket", ["access_token": token.text], credential: .token) {
            json throws(WeChatError) in TokenReply(json, field: "ticket")
        }
    }

    /// The same for `wx.agentConfig`: at most 100 an hour for the app.
    public func appTicket(token: Secret) -> TokenCall {
        WeChatCall(
            get: base, "/cgi-bin/ticket/get", ["access_token": token.text, "type": "agent_config"], credential: .token
        ) { json throws(WeChatError) in TokenReply(json, field: "ticket") }
    }

    public func identity(code: SignInCode, token: Secret) -> WeChatCall<WeComIdentity> {
        WeChatCall(
            get: base, "/cgi-bin/auth/getuserinfo", ["access_token": token.text, "code": code.secret.text],
            credential: .token
        ) { json throws(WeChatError) in
            if let userID = json["userid", "UserId"].identifier {
                return .member(userID: userID, ticket: json["user_ticket"].secret)
            }
            guard let openID = json["openid", "OpenId"].identifier else { return nil }
            return .outsider(openID: openID, externalUserID: json["external_userid"].identifier)
        }
    }

    public func details(ticket: Secret, token: Secret) -> WeChatCall<WeComMemberDetails> {
        WeChatCall(
            post: base, "/cgi-bin/auth/getuserdetail", ["access_token": token.text],
            body: JSON.object(["user_ticket": .text(ticket.text)]).bytes, credential: .token
        ) { json throws(WeChatError) in
            guard let userID = json["userid", "UserId"].identifier else { return nil }
            return WeComMemberDetails(
                userID: userID, avatar: json["avatar"].avatar, mobile: json["mobile"].name,
                email: json["email"].name, businessEmail: json["biz_mail"].name)
        }
    }

    public func externalContact(_ externalUserID: String, token: Secret) -> WeChatCall<WeComExternalContact> {
        WeChatCall(
            get: base, "/cgi-bin/externalcontact/get",
            ["access_token": token.text, "external_userid": externalUserID], credential: .token
        ) { json throws(WeChatError) in
            let contact = json["external_contact"]
            guard contact["external_userid"].identifier == externalUserID else { return nil }
            let kind: WeComExternalContact.Kind? =
                switch contact["type"].integer {
                case 1: .weChat
                case 2: .weCom
                default: nil
                }
            return WeComExternalContact(
                externalUserID: externalUserID, name: contact["name"].name, position: contact["position"].name,
                corporationName: contact["corp_full_name", "corp_name"].name, avatar: contact["avatar"].avatar,
                kind: kind, unionID: contact["unionid"].identifier,
                followers: json["follow_user"].items.prefix(WeChatLimits.memberEntries).compactMap { follower in
                    follower["userid"].identifier.map { .init(userID: $0, remark: follower["remark"].name) }
                })
        }
    }

    /// The department and all below it; nil: all that the app may see.
    public func departments(under id: Int?, token: Secret) -> WeChatCall<[WeComDepartment]> {
        let query: KeyValuePairs<String, String> =
            if let id { ["access_token": token.text, "id": String(id)] } else { ["access_token": token.text] }
        return WeChatCall(
            get: base, "/cgi-bin/department/list", query, credential: .token, replyLimit: WeChatLimits.listBytes
        ) { json throws(WeChatError) in
            guard case .array(let items) = json["department"], items.count <= WeChatLimits.listEntries else {
                return nil
            }
            var departments: [WeComDepartment] = []
            for item in items {
                // One left out would lose its members: all or nothing.
                guard let id = item["id"].integer, id > 0 else { return nil }
                departments.append(
                    WeComDepartment(
                        id: id, parentID: item["parentid"].integer ?? 0, name: item["name"].name,
                        englishName: item["name_en"].name, order: item["order"].integer ?? 0,
                        leaders: item["department_leader"].identifiers))
            }
            return departments
        }
    }

    /// The members who are directly in the department.
    public func members(ofDepartment id: Int, token: Secret) -> WeChatCall<[WeComMember]> {
        WeChatCall(
            get: base, "/cgi-bin/user/list", ["access_token": token.text, "department_id": String(id)],
            credential: .token, replyLimit: WeChatLimits.listBytes
        ) { json throws(WeChatError) in
            guard case .array(let items) = json["userlist"], items.count <= WeChatLimits.listEntries else { return nil }
            var members: [WeComMember] = []
            for item in items {
                guard let member = WeComMember(item) else { return nil }
                members.append(member)
            }
            return members
        }
    }
}

extension WeComMember {
    init?(_ json: JSON) {
        guard let userID = json["userid", "UserID"].identifier else { return nil }
        self.userID = userID
        name = json["name"].name
        alias = json["alias"].name
        mobile = json["mobile"].name
        departments = json["department"].integers
        mainDepartment = json["main_department"].integer
        leads = zip(json["department"].integers, json["is_leader_in_dept"].integers).filter { $0.1 == 1 }.map(\.0)
        directLeaders = json["direct_leader"].identifiers
        position = json["position"].name
        externalPosition = json["external_position"].name
        status = json["status"].integer.flatMap { Status(rawValue: $0) }
        isEnabled = json["enable"].integer != 0 && status != .disabled && status != .left
    }
}
