import Testing
import WeChat

@Suite struct VisitorBrowserTests {
    @Test(arguments: [
        (
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) Mobile/15E148 MicroMessenger/8.0.50(0x1800323d)",
            VisitorBrowser.Kind.weChat, true
        ),
        (
            "Mozilla/5.0 (Linux; Android 14) Chrome/116 XWEB/1160 MMWEBSDK/2024 MicroMessenger/8.0.50 miniProgram/wx12",
            .miniProgram, true
        ),
        (
            "Mozilla/5.0 (Windows NT 10.0) Chrome/108 MicroMessenger/6.8.0 NetType/WIFI WindowsWechat/3.9.12", .weChat,
            false
        ),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/108 wxwork/4.1.22 (MicroMessenger/6.2) WindowsWechat", .weCom, false),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/116 wxwork/4.1.22 MicroMessenger/7.0.1", .weCom, true),
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/142 Safari/537.36", .other, false), ("", .other, false),
        (String(repeating: "x", count: 1024) + " MicroMessenger/8 Android", .other, false),
    ])
    func `a browser is known by what it says`(userAgent: String, kind: VisitorBrowser.Kind, isHandheld: Bool) {
        let browser = VisitorBrowser(userAgent: userAgent)
        #expect(browser.kind == kind && browser.isHandheld == isHandheld)
    }
}
