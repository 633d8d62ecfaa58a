import Domain
import Testing

@testable import ControlPlane

/// What an expression becomes, in words for tables.
enum CELOutcome {
    static func text(
        _ expression: String, _ variables: [(name: String, type: CELType)] = [],
        _ values: [CELValue] = [], limit: Int = ValidationRule.stepLimit
    ) -> String {
        do {
            let program = try CELProgram(expression, variables: variables)
            return switch program.evaluate(values, limit: limit).result {
            case .success(let value): shown(value)
            case .failure(let failure): "error: \(failure.message)"
            }
        } catch {
            return error.description.split(separator: "\n").first.map(String.init) ?? ""
        }
    }

    static func shown(_ value: CELValue) -> String {
        switch value {
        case .null: "null"
        case .bool(let value): "\(value)"
        case .int(let value): "\(value)"
        case .uint(let value): "\(value)u"
        case .double(let value): "\(value)"
        case .string(let text): "'\(text)'"
        case .bytes(let bytes): "\(bytes)"
        case .duration(let span): CELTime.text(of: span)
        case .timestamp(let time): time.text
        case .type(let name): name
        case .quantity(let quantity): quantity.canonical
        case .url(let url): "\(url.scheme)://\(url.host)\(url.path)"
        case .ip(let address): address.text
        case .cidr(let network): network.networkText
        case .optional(let value): value.map { "optional(\(shown($0)))" } ?? "none"
        case .list(let list):
            "[\(elements(list).map(shown).joined(separator: ", "))]"
        case .map(let map):
            "{" + map.keys.map { "\(shown($0)): \(shown(entry(map, $0)))" }.joined(separator: ", ")
                + "}"
        case .record(let record): record.members.keys.description
        }
    }

    private static func elements(_ list: CELList) -> [CELValue] {
        var meter = CELMeter(ValidationRule.stepLimit)
        return (try? list.values(&meter)) ?? []
    }

    private static func entry(_ map: CELMap, _ key: CELValue) -> CELValue {
        var meter = CELMeter(ValidationRule.stepLimit)
        return (try? map.value(key, &meter)).flatMap(\.self) ?? .null
    }
}

/// The meaning of expressions, from the language definition of CEL
/// (github.com/google/cel-spec, doc/langdef.md) where nothing else is named.
@Suite struct CELLanguageTests {
    @Test(arguments: [
        ("1", "1"), ("-9223372036854775808", "-9223372036854775808"), ("0xFf", "255"),
        ("-0x10", "-16"), ("5u", "5u"), ("0x1Fu", "31u"), ("1.5e2", "150.0"), (".5", "0.5"),
        ("1e3", "1000.0"), ("true", "true"), ("null", "null"),
        (#""a\tb""#, "'a\tb'"), (#"'it\'s'"#, "'it's'"), (#"r'\d+'"#, #"'\d+'"#),
        (#"R"a\n""#, #"'a\n'"#), (#"'''a"b'c'''"#, #"'a"b'c'"#), ("\"\"\"x\ny\"\"\"", "'x\ny'"),
        (#"'A\x42\103\u00e9\U0001F600'"#, "'ABCé😀'"), (#"b'a\xff'"#, "[97, 255]"),
        (#"b'é'"#, "[195, 169]"), (#"br'\n'"#, "[92, 110]"),
        ("[1, 2]", "[1, 2]"), ("[1,]", "[1]"), ("{'a': 1}", "{'a': 1}"), ("[]", "[]"),
        ("1 // one\n + 2", "3"),
    ])
    func literals(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("1 + 2 * 3", "7"), ("(1 + 2) * 3", "9"), ("7 - 2 - 1", "4"), ("-7 / 2", "-3"),
        ("-7 % 3", "-1"), ("7u % 4u", "3u"), ("1.0 / 0.0", "inf"), ("--1", "1"), ("!!true", "true"),
        ("2 > 1 ? 'a' : 'b'", "'a'"), ("false ? 1 : true ? 2 : 3", "2"),
        ("'a' + 'b'", "'ab'"), ("[1] + [2]", "[1, 2]"), ("b'a' + b'b'", "[97, 98]"),
        ("'a' < 'b'", "true"), ("'Z' < 'a'", "true"), ("b'a' < b'b'", "true"),
        ("false < true", "true"),
        // Numbers of different kinds are compared on one line.
        ("1 < 1.5", "true"), ("1u <= 1", "true"), ("9223372036854775807 < 9.3e18", "true"),
        ("dyn(1) == 1u", "true"), ("dyn(1) == 1.0", "true"), ("dyn(1) == '1'", "false"),
        ("0.0 / 0.0 == 0.0 / 0.0", "false"), ("0.0 / 0.0 < 1.0", "false"),
        ("2 in [1, 2]", "true"), ("'k' in {'k': 1}", "true"), ("3 in [1, 2]", "false"),
        ("[dyn(1), dyn([2])] == [dyn(1.0), [2u]]", "true"),
        ("{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "true"),
        ("[1, 2][1]", "2"), ("[1, 2][dyn(1.0)]", "2"), ("{'a': 1}.a", "1"), ("{1: 'x'}[1]", "'x'"),
        ("{dyn(1): 'x'}[dyn(1u)]", "'x'"),
    ])
    func operators(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("9223372036854775807 + 1", "integer overflow"),
        ("-9223372036854775808 - 1", "integer overflow"),
        ("9223372036854775807 * 2", "integer overflow"),
        ("-9223372036854775808 / -1", "integer overflow"),
        ("-9223372036854775808 % -1", "integer overflow"),
        ("-(-9223372036854775808)", "integer overflow"),
        ("0u - 1u", "unsigned integer overflow"), ("1 / 0", "division by zero"),
        ("1u / 0u", "division by zero"), ("1 % 0", "modulus by zero"),
        ("[1][1]", "index out of bounds: 1"), ("[1][-1]", "index out of bounds: -1"),
        ("{'a': 1}['b']", "no such key: b"), ("{'a': 1}.b", "no such key: b"),
        ("{'a': 1, 'a': 2}", "Failed with repeated key"), ("dyn(1) + dyn('a')", "no such overload"),
        ("dyn(1) < dyn('a')", "no such overload"), ("dyn([1])['a']", "no such overload"),
        ("int(1e40)", "integer overflow"), ("int(9223372036854775808u)", "integer overflow"),
        ("uint(-1)", "unsigned integer overflow"),
        ("int('x')", "type conversion error from 'string' to 'int'"),
        ("duration('2000000h') + duration('2000000h')", "duration overflow"),
        ("timestamp('9999-12-31T23:59:59Z') + duration('1s')", "timestamp overflow"),
        ("string(b'\\xff')", "invalid UTF-8 in bytes, cannot convert to string"),
    ])
    func errors(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == "error: \(expected)", "\(expression)")
    }

    /// "Logical operators": an operand that decides absorbs errors of others, on both sides.
    @Test(arguments: [
        ("true || 1 / 0 == 1", "true"), ("1 / 0 == 1 || true", "true"),
        ("false && 1 / 0 == 1", "false"), ("1 / 0 == 1 && false", "false"),
        ("1 / 0 == 1 || false", "error: division by zero"),
        ("1 / 0 == 1 && true", "error: division by zero"),
        ("false || false || 1 / 0 == 1 || true", "true"),
        ("[1, 0].exists(x, 1 / x == 1)", "true"), ("[0, 1].exists(x, 1 / x == 1)", "true"),
        ("[0, 1].all(x, 1 / x == 2)", "false"),
        ("[0, 1].all(x, 1 / x == 1)", "error: division by zero"),
        ("[1, 0].exists_one(x, 1 / x == 1)", "error: division by zero"),
        ("true ? 1 : 1 / 0", "1"), ("1 / 0 == 1 ? 1 : 2", "error: division by zero"),
        ("dyn('a') || true", "true"), ("dyn('a') && true", "error: no such overload"),
    ])
    func whatDecidesAbsorbsErrors(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("[1, 2, 3].all(x, x > 0)", "true"), ("[].all(x, x > 0)", "true"),
        ("[1, 2].exists(x, x == 2)", "true"), ("[].exists(x, x == 2)", "false"),
        ("[1, 2, 2].exists_one(x, x == 2)", "false"), ("[1, 2].exists_one(x, x == 2)", "true"),
        ("[1, 2].map(x, x * 2)", "[2, 4]"), ("[1, 2, 3].map(x, x > 1, x * 2)", "[4, 6]"),
        ("[1, 2, 3].filter(x, x % 2 == 1)", "[1, 3]"), ("{'b': 1, 'a': 2}.all(k, k < 'c')", "true"),
        ("{'a': 2}.map(k, k + '!')", "['a!']"),
        ("[1, 2].map(x, [3, 4].map(y, x * y))", "[[3, 4], [6, 8]]"),
        ("[1, 2].map(x, [x].map(x, x + 1))", "[[2], [3]]"),
        ("has({'a': 1}.a)", "true"), ("has({'a': 1}.b)", "false"),
        ("has(dyn({'a': {'b': 1}}).a.b)", "true"),
    ])
    func macros(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("size('é😀')", "2"), ("'abc'.size()", "3"), ("size(b'é')", "2"), ("size({'a': 1})", "1"),
        ("[1, 2].size()", "2"), ("'abc'.contains('bc')", "true"), ("'abc'.contains('')", "true"),
        ("'abc'.startsWith('ab')", "true"), ("'abc'.endsWith('bc')", "true"),
        ("'abc'.endsWith('abcd')", "false"), ("'e\\u0301' == '\\u00e9'", "false"),
        ("'foobar'.matches('o+b')", "true"), ("matches('foobar', '^o')", "false"),
        ("int('-5')", "-5"), ("int(-1.9)", "-1"), ("int(5u)", "5"), ("uint(3.9)", "3u"),
        ("int(timestamp('1970-01-01T00:01:00Z'))", "60"), ("uint('7')", "7u"),
        ("double('1.5')", "1.5"), ("double(2)", "2.0"), ("string(1.0)", "'1'"),
        ("string(1.5)", "'1.5'"), ("string(1000000.0)", "'1e+06'"),
        ("string(123456.75)", "'123456.75'"), ("string(-0.00012)", "'-0.00012'"),
        ("string(0.000012)", "'1.2e-05'"), ("string(1.25e100)", "'1.25e+100'"),
        ("string(100000.0)", "'100000'"), ("string(0.0)", "'0'"), ("string(100.5)", "'100.5'"),
        ("bool('T')", "true"), ("bool('F')", "false"),
        ("bool('tRUE')", "error: type conversion error from 'string' to 'bool'"),
        ("string(-3)", "'-3'"), ("string(true)", "'true'"),
        ("string(b'ab')", "'ab'"), ("bool('true')", "true"), ("bytes('é')", "[195, 169]"),
        ("type(1)", "int"), ("type(1) == int", "true"), ("type('a') == string", "true"),
        ("type(1u) == int", "false"), ("type(type(1)) == type", "true"),
        ("type([]) == list", "true"), ("type(null) == null_type", "true"),
        ("type(duration('1s')) == google.protobuf.Duration", "true"),
        ("[1, 2] == dyn([1.0, 2.0])", "true"),
    ])
    func functions(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    @Test(arguments: [
        ("duration('1h30m') == duration('90m')", "true"), ("duration('-1.5s')", "-1.5s"),
        ("duration('1ms') < duration('1s')", "true"), ("string(duration('1h'))", "'3600s'"),
        ("duration('1h').getMinutes()", "60"), ("duration('1s500ms').getMilliseconds()", "1500"),
        ("timestamp('2026-01-02T03:04:05.25Z')", "2026-01-02T03:04:05.25Z"),
        ("timestamp('2026-01-01T00:00:00Z') - timestamp('2025-12-31T23:00:00Z')", "3600s"),
        ("timestamp('2026-01-01T00:00:00Z') - duration('1s')", "2025-12-31T23:59:59Z"),
        ("timestamp('2026-01-01T01:00:00+01:00') == timestamp('2026-01-01T00:00:00Z')", "true"),
        ("timestamp('2026-02-03T04:05:06.789Z').getFullYear()", "2026"),
        ("timestamp('2026-02-03T04:05:06.789Z').getMonth()", "1"),
        ("timestamp('2026-02-03T04:05:06.789Z').getDate()", "3"),
        ("timestamp('2026-02-03T04:05:06.789Z').getDayOfMonth()", "2"),
        ("timestamp('2026-02-03T04:05:06.789Z').getDayOfYear()", "33"),
        ("timestamp('2026-02-03T04:05:06.789Z').getDayOfWeek()", "2"),
        ("timestamp('2026-02-03T04:05:06.789Z').getHours()", "4"),
        ("timestamp('2026-02-03T04:05:06.789Z').getHours('-05:30')", "22"),
        ("timestamp('2026-02-03T04:05:06.789Z').getSeconds()", "6"),
        ("timestamp('2026-02-03T04:05:06.789Z').getMilliseconds()", "789"),
        ("timestamp(60)", "1970-01-01T00:01:00Z"),
        ("timestamp('2024-02-29T00:00:00Z')", "2024-02-29T00:00:00Z"),
        (
            "timestamp('2026-02' + '-29T00:00:00Z')",
            "error: type conversion error from 'string' to 'google.protobuf.Timestamp'"
        ),
        (
            "duration('1\\u0301' + 's')",
            "error: type conversion error from 'string' to 'google.protobuf.Duration'"
        ),
    ])
    func times(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    /// "Kubernetes list library" and the extended string library, from the Kubernetes
    /// documentation "Common Expression Language in Kubernetes" and cel-go's ext/README.md.
    @Test(arguments: [
        ("[1, 2, 2].isSorted()", "true"), ("['b', 'a'].isSorted()", "false"),
        ("[].isSorted()", "true"), ("[1, 3].sum()", "4"), ("[1.0, 0.5].sum()", "1.5"),
        ("[duration('1m'), duration('1s')].sum()", "61s"), ("[].sum() == 0", "true"),
        ("[1.5].filter(x, false).sum() + 0.5", "0.5"),
        ("[1, 3].min()", "1"), ("['a', 'b'].max()", "'b'"), ("[1, 2, 2].indexOf(2)", "1"),
        ("[1, 2, 2].lastIndexOf(2)", "2"), ("['a'].indexOf('b')", "-1"),
        ("'hello'.charAt(4)", "'o'"), ("'hello'.charAt(5)", "''"),
        ("'hello mellow'.indexOf('')", "0"), ("'hello'.indexOf('l', 9)", "-1"),
        ("'hello'.lastIndexOf('l', 9)", "-1"), ("'hello'.indexOf('', 9)", "9"),
        ("'hello'.indexOf('l', -1)", "error: index out of range: -1"),
        ("'hello mellow'.indexOf('ello')", "1"), ("'hello mellow'.indexOf('ello', 2)", "7"),
        ("'hello mellow'.indexOf('jello')", "-1"), ("'hello mellow'.lastIndexOf('')", "12"),
        ("'hello mellow'.lastIndexOf('ello')", "7"), ("'hello mellow'.lastIndexOf('ello', 6)", "1"),
        ("['hello', 'mellow'].join()", "'hellomellow'"), ("['a', 'b'].join(' ')", "'a b'"),
        ("'TacoCät'.lowerAscii()", "'tacocät'"), ("'TacoCät'.upperAscii()", "'TACOCäT'"),
        ("'hello hello'.replace('he', 'we')", "'wello wello'"),
        ("'hello hello'.replace('he', 'we', 1)", "'wello hello'"),
        ("'hello hello'.replace('', '_')", "'_h_e_l_l_o_ _h_e_l_l_o_'"),
        ("'abc'.replace('', '-', 2)", "'-a-bc'"), ("'hello'.replace('h', '', 0)", "'hello'"),
        ("'hello hello hello'.split(' ')", "['hello', 'hello', 'hello']"),
        ("'hello hello hello'.split(' ', 0)", "[]"), ("'a b c'.split(' ', 1)", "['a b c']"),
        ("'a b c'.split(' ', 2)", "['a', 'b c']"), ("'abc'.split('')", "['a', 'b', 'c']"),
        ("''.split(',')", "['']"), ("'tacocat'.substring(4)", "'cat'"),
        ("'tacocat'.substring(0, 4)", "'taco'"), ("'  \\ttrim\\n '.trim()", "'trim'"),
        ("'tacocat'.substring(8)", "error: index out of range: 8"),
        ("'tacocat'.substring(3, 2)", "error: invalid substring range. start: 3, end: 2"),
        ("[].min() == 1", "error: min called on empty list"), ("'gums'.reverse()", "'smug'"),
    ])
    func libraries(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    /// "Kubernetes quantity library", "URL library" and "IP and CIDR libraries" of the same page.
    @Test(arguments: [
        ("quantity('1Gi') == quantity('1024Mi')", "true"), ("isQuantity('1.3Gi')", "true"),
        ("isQuantity('200K')", "false"), ("quantity('50k') == quantity('50000')", "true"),
        ("quantity('50000000G').isInteger()", "true"),
        (
            "quantity('9999999999999999999999999999999999999G').isInteger()",
            "error: quantities must match the regular expression "
                + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
        ),
        ("quantity('50k').asInteger() == 50000", "true"),
        ("quantity('1500m').isInteger()", "false"),
        ("quantity('1500m').asInteger()", "error: cannot convert value to integer"),
        ("quantity('50.703k').asApproximateFloat()", "50703.0"),
        ("quantity('-1').sign()", "-1"), ("quantity('0').sign()", "0"),
        ("quantity('50k').add(quantity('20k'))", "70k"), ("quantity('50k').sub(20000)", "30k"),
        ("quantity('100E').add(quantity('100E'))", "error: quantity overflow"),
        ("quantity('-100E').sub(1)", "error: quantity overflow"),
        ("quantity('200M').compareTo(quantity('0.2G'))", "0"),
        ("quantity('150Mi').isGreaterThan(quantity('100Mi'))", "true"),
        ("quantity('50M').isLessThan(quantity('100M'))", "true"),
        ("isURL('https://user:pass@example.com:80/path?query=val#fragment')", "true"),
        ("isURL('/absolute-path')", "true"), ("isURL('https://a:b:c/')", "false"),
        ("isURL('../relative-path')", "false"), ("isURL('http://a b')", "false"),
        ("url('https://example.com:80/a%20b?k=v').getHost()", "'example.com:80'"),
        ("url('https://[::1]:80/').getHostname()", "'::1'"),
        ("url('https://example.com:80/').getPort()", "'80'"),
        ("url('/path').getScheme()", "''"),
        ("url('https://e.com/a%20b').getEscapedPath()", "'/a%20b'"),
        (
            "url('https://e.com/?k1=a&k2=b&k2=c%20d').getQuery()",
            "{'k1': ['a'], 'k2': ['b', 'c d']}"
        ),
        ("isIP('192.168.0.1')", "true"), ("isIP('192.168.0.256')", "false"),
        ("isIP('01.2.3.4')", "false"),
        ("isIP('::1')", "true"), ("isIP('::ffff:1.2.3.4')", "false"), ("isIP('1::2::3')", "false"),
        ("isIP('fe80::1%eth0')", "false"),
        ("string(ip('2001:DB8:0:0:1:0:0:1'))", "'2001:db8::1:0:0:1'"),
        ("ip.isCanonical('2001:db8::abcd')", "true"), ("ip.isCanonical('2001:DB8::ABCD')", "false"),
        ("ip('127.0.0.1').family()", "4"), ("ip('::1').family()", "6"),
        ("ip('::').isUnspecified()", "true"),
        ("ip('127.0.0.1').isLoopback()", "true"), ("ip('ff02::1').isLinkLocalMulticast()", "true"),
        ("ip('169.254.169.254').isLinkLocalUnicast()", "true"),
        ("ip('192.168.0.1').isGlobalUnicast()", "true"),
        ("ip('255.255.255.255').isGlobalUnicast()", "false"), ("isCIDR('192.168.0.0/33')", "false"),
        ("cidr('192.168.0.0/24').containsIP('192.168.0.1')", "true"),
        ("cidr('192.168.0.0/24').containsIP(ip('192.168.1.1'))", "false"),
        ("cidr('192.168.0.0/16').containsCIDR('192.168.10.0/24')", "true"),
        ("cidr('192.168.0.0/16').containsCIDR(cidr('192.0.0.0/8'))", "false"),
        ("cidr('192.168.5.7/24').masked()", "192.168.5.0/24"),
        ("cidr('192.168.0.1/24').ip()", "192.168.0.1"),
        ("cidr('::1/128').prefixLength()", "128"),
        ("string(cidr('192.168.0.0/24'))", "'192.168.0.0/24'"),
        ("ip('1.2.3.4') == ip('1.2.3.4')", "true"), ("type(ip('1.2.3.4'))", "net.IP"),
        ("ip('x')", "error: IP Address 'x' parse error during conversion from string"),
    ])
    func kubernetesTypes(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }

    /// "Optional types", from the documentation of cel-go's OptionalTypes.
    @Test(arguments: [
        ("{'a': 1}.?a", "optional(1)"), ("{'a': 1}.?b.orValue(2)", "2"), ("{'a': 1}[?'b']", "none"),
        ("{'a': {'b': 1}}.?a.b", "optional(1)"), ("{'a': {'b': 1}}.?x.b.hasValue()", "false"),
        ("[1][?0].value()", "1"), ("[1][?1].hasValue()", "false"), ("optional.of(1).value()", "1"),
        ("optional.none().orValue(3)", "3"), ("optional.of(1).optMap(x, x + 1)", "optional(2)"),
        ("optional.none().or(optional.of(4)).value()", "4"), ("[?optional.of(1), 2]", "[1, 2]"),
        ("[?optional.none(), 2]", "[2]"), ("{?'a': optional.none(), 'b': 1}", "{'b': 1}"),
        ("optional.ofNonZeroValue('').hasValue()", "false"),
        ("optional.of(1).orValue(1 / 0)", "1"),
        ("optional.of(1).or(optional.of(1 / 0)).value()", "1"),
        ("optional.none().value() == 1", "error: optional.none() dereference"),
    ])
    func optionalValues(expression: String, expected: String) {
        #expect(CELOutcome.text(expression) == expected, "\(expression)")
    }
}
