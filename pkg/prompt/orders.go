package prompt

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// orders are words by which people talk to a model about its instructions
// instead of about a picture. They are looked for in squeezed text.
type orders struct {
	pairs  []pair
	words  []string // anywhere
	starts []string // at the beginning
}

// pair is a word and another one not far behind it: "ignore … rules".
type pair struct {
	first []string
	gap   int // letters between the two
	then  []string
}

func list(words string) []string { return strings.Fields(words) }

func newOrders() orders {
	rules := list(`previous above prior earlier preceding foregoing instruction rule prompt guideline guardrail restriction
		constraint policy policies safety filter negative everythingbefore thestyle thescene`)
	told := list(`以上 上文 上一 上面 上述 之前 先前 前面 前文 前述 所有要求 所有指令 全部指令 规则 規則 要求 限制 约束 提示 系统 系統 设定 設定
		安全 过滤 過濾 风格 風格 场景 場景 负面 負面 审核 審核`)
	return orders{
		pairs: []pair{
			{list(`ignore disregard forget override overrule bypass skip drop discard delete remove cancel replace rewrite reset
				stopfollowing donotfollow dontfollow neverfollow disobey neglect omit reveal repeat print show output translate`), 24, rules},
			{rules, 24, list(`donotapply dontapply nolongerapply areoff isoff arevoid disabled donotmatter dontmatter doesnotmatter`)},
			{list(`忽略 无视 無視 忽视 忽視 不要理会 不用理会 别理 不理 忘记 忘記 忘掉 跳过 跳過 绕过 繞過 覆盖 覆蓋 取消 撤销 删除 刪除 去掉 去除 移除
				不要遵守 不必遵守 不遵守 停止遵守 违反 打破 解除 关闭 關閉 替换 改写 重置 推翻 作废 泄露 输出 复述 打印 告诉我 翻译`), 12, told},
			{told, 8, list(`作废 作廢 无效 無效 失效 不算 不适用 取消 不用管 不用遵守 都是假的`)},
			{list(`换成 換成 改成 改为 改為 不要`), 6, list(`风格 風格`)},
		},
		words: list(`watermark 水印 浮水印 prompt 提示词 提示詞 指令 instruction youarenow actas pretendtobe pretendyouare roleplay
			developermode debugmode godmode jailbreak doanythingnow systemmessage endofnote endofquote closethequote fromnowon
			insteadofthestyle insteadofthescene insteadoftheabove changethestyle changethescene switchthestyle switchthescene
			nosafety withoutsafety unfiltered uncensored nsfw asanailanguagemodel adminoverride sudo
			你现在是 你是一个没有 你将扮演 假装你 扮演 从现在起 从现在开始 系统消息 开发者模式 调试模式 越狱 管理员模式 引号结束
			风格换成 风格改成 风格改为 场景换成 场景改成 场景改为 无视审核 不受限制 没有限制 解除限制`),
		starts: list(`system 系统 系統 assistant negative 负面 負面 反向`),
	}
}

// in reports whether a text holds an order, however it is spaced or spelled.
func (o orders) in(s string) bool {
	if o.squeezedIn(squeezed(s, false)) {
		return true
	}
	return strings.ContainsAny(s, "0134578@$!|") && o.squeezedIn(squeezed(s, true))
}

func (o orders) squeezedIn(s string) bool {
	return slices.ContainsFunc(o.starts, func(w string) bool { return strings.HasPrefix(s, w) }) ||
		slices.ContainsFunc(o.words, func(w string) bool { return strings.Contains(s, w) }) ||
		slices.ContainsFunc(o.pairs, func(p pair) bool { return p.in(s) })
}

func (p pair) in(s string) bool {
	for _, first := range p.first {
		for rest := s; ; {
			_, after, found := strings.Cut(rest, first)
			if !found {
				break
			}
			if near(after, p.gap, p.then) {
				return true
			}
			rest = after
		}
	}
	return false
}

// near reports whether one of the words begins within the first letters of s.
func near(s string, letters int, words []string) bool {
	for _, w := range words {
		if i := strings.Index(s, w); i >= 0 && utf8.RuneCountInString(s[:i]) <= letters {
			return true
		}
	}
	return false
}

// squeezed keeps small letters only, those that merely look like Latin ones
// replaced; digits stand for letters or for nothing.
func squeezed(s string, digits bool) string {
	return strings.Map(func(r rune) rune {
		r = unicode.ToLower(r)
		if l, ok := lookalike(r, digits); ok {
			return l
		}
		if unicode.IsLetter(r) {
			return r
		}
		return -1
	}, norm.NFKC.String(stripMarks(s)))
}

func stripMarks(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return r
	}, norm.NFD.String(s))
}

// lookalike gives the Latin letter that a Cyrillic or Greek one, or a digit,
// is mistaken for.
func lookalike(r rune, digits bool) (rune, bool) {
	const from, to = "аеорсухіјѕԁһӏкмнтвαεορτυικνηγ", "aeopcyxijsdhlkmhtbaeoptuiknny"
	if i := strings.IndexRune(from, r); i >= 0 {
		return rune(to[utf8.RuneCountInString(from[:i])]), true
	}
	if i := strings.IndexRune("0134578@$!|", r); digits && i >= 0 {
		return rune("oieastbasil"[i]), true
	}
	return 0, false
}
