package prompt

import (
	"regexp"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

const (
	maxNote = 200 // characters
	minNote = 6   // fewer are not worth a sentence around them
	signs   = ",.!?;'-%&+，。！？；、…·~～"
)

// cleaner makes of a person's note plain words about a picture. It does not
// decide what may be wished for (that is moderation's) but that the note can
// be nothing else than words between quotes: no sign that ends a quote, opens
// a tag, sets a parameter or a weight, and no sentence that talks to the model
// about its instructions.
type cleaner struct {
	syntax   []*regexp.Regexp // replaced by their first group
	commands []*regexp.Regexp // over squeezed text
}

func newCleaner() *cleaner {
	c := &cleaner{}
	for _, s := range []string{
		`<[^<>]*>?()`, // tags, <lora:…>, <|im_start|>
		`[(\[{]+([^()\[\]{}:]*):+\s*[-+]?[\d.]+\s*[)\]}]*`,                  // weights: (x:1.5)
		`:{2,}\s*[-+]?[\d.]*()`,                                             // weights: x::2
		`(?:^|\s)[-–—−]{1,3}\s*[\pL][\pL\pN_-]*(?:[ =:]+-?\d[\d.:x×/]*)*()`, // --ar 16:9, —seed 1
		`(?:https?|ftp|file|data|javascript):\S*()`,
		`(?i)\bwww\.\S+()`,
		`(?i)(?:\b(?:system|assistant|user|developer|human|ai|tool|inst|sys|role|prompt|instructions?)|系统|用户|助手|角色|提示词|指令|设定|开发者)\s*[:=>]+()`,
		`(?i)\b[a-z]+[_-](?:seed|steps?|cfg|scale|guidance|strength|size|ratio|aspect|style|prompt|quality|watermark|sampler|model|denoise|n|ar|format|resolution)\s*[:=]+\s*\S*()`,
		`(?i)\b(?:seed|steps?|cfg|scale|guidance|strength|size|ratio|aspect|style|prompt|quality|watermark|sampler|model|denoise|n|ar|format|resolution)\s*[:=]+\s*\S*()`,
		`(?:风格|尺寸|比例|种子|步数|水印|强度|负面|反向|负向|画质|分辨率|模型|数量)[\pL]{0,3}\s*[:=]+\s*\S*()`,
	} {
		c.syntax = append(c.syntax, regexp.MustCompile(s))
	}
	const (
		undo    = `(?:ignore|disregard|forget|override|overrule|bypass|skip|drop|discard|delete|remove|cancel|replace|rewrite|reset|stopfollowing|donotfollow|dontfollow|neverfollow|disobey|neglect|omit|reveal|repeat|print|show|output|translate)`
		between = `(?:\p{L}{0,24})`
		rules   = `(?:previous|above|prior|earlier|preceding|foregoing|instructions?|rules?|prompts?|guidelines?|guardrails?|restrictions?|constraints?|policy|policies|safety|filters?|negatives?|everythingbefore|thestyle|thescene|thewatermark|watermarks?)`
		cancel  = `(?:忽略|无视|無視|忽视|不要理会|不用理会|别理|不理|忘记|忘掉|跳过|绕过|覆盖|取消|撤销|删除|去掉|去除|移除|不要遵守|不必遵守|不遵守|停止遵守|违反|打破|解除|关闭|替换|改写|重置|推翻|作废|泄露|输出|复述|打印|告诉我|翻译)`
		told    = `(?:以上|上文|上一|上面|上述|之前|先前|前面|前文|前述|所有要求|所有指令|全部指令|指令|规则|規則|要求|限制|约束|提示|系统|设定|安全|过滤|风格|场景|负面|水印|审核)`
	)
	for _, s := range []string{
		undo + between + rules,
		rules + between + `(?:donotapply|dontapply|nolongerapply|areoff|isoff|arevoid|disabled|donotmatter|dontmatter)`,
		`(?:youarenow|actas|pretendtobe|pretendyouare|roleplay|developermode|debugmode|godmode|jailbreak|dananymode|doanythingnow|newinstructions?|systemprompt|systemmessage|endofprompt|endofnote|endofquote|closethequote|fromnowon|insteadofthe(?:style|scene|above)|negativeprompt|changethe(?:style|scene)|switchthe(?:style|scene)|nosafety|withoutsafety|unfiltered|uncensored|nsfw|nowatermark|withoutwatermark|asanailanguagemodel|adminoverride|sudo)`,
		cancel + `\p{L}{0,12}` + told,
		told + `\p{L}{0,8}(?:作废|无效|失效|不算|不适用|取消|不用管|不用遵守|都是假的)`,
		`watermark|水印|prompt|提示词|提示詞|指令|instruction|^system|^系统|^系統|^assistant|^negative|^负面|^反向`,
		`(?:你现在是|你是一个没有|你将扮演|假装你|扮演|从现在起|从现在开始|新的指令|新指令|系统提示|系统消息|开发者模式|调试模式|越狱|管理员模式|负面提示|反向提示|负向提示|提示词结束|引号结束|换成\p{L}{0,6}风格|改成\p{L}{0,6}风格|改为\p{L}{0,6}风格|不要\p{L}{0,6}风格|风格(?:换成|改成|改为)|场景(?:换成|改成|改为)|不加水印|不要水印|无水印|无视审核|不受限制|没有限制|解除限制)`,
	} {
		c.commands = append(c.commands, regexp.MustCompile(s))
	}
	return c
}

// clean returns what of a note may stand between quotes, "" when nothing may.
func (c *cleaner) clean(note string) string {
	note = firstRunes(strings.ToValidUTF8(note, ""), 2*maxNote) // nobody may send so much
	s := c.obedient(visible(norm.NFKC.String(note)))
	for _, re := range c.syntax {
		s = re.ReplaceAllString(s, " $1 ")
	}
	s = plainWords(c.obedient(s)) // syntax can stand between the words of an order
	if c.commanding(s) {          // spread over several clauses
		return ""
	}
	return firstRunes(s, maxNote)
}

// obedient leaves out the clauses that talk to the model about its orders.
func (c *cleaner) obedient(s string) string {
	var kept strings.Builder
	for _, clause := range clauses(s) {
		if !c.commanding(clause) {
			kept.WriteString(clause)
		}
	}
	return kept.String()
}

// visible drops what nobody sees: controls, joiners, marks of direction,
// characters without a meaning of their own. Line ends are all alike.
func visible(s string) string {
	marks := 0
	return strings.Map(func(r rune) rune {
		switch {
		case strings.ContainsRune("\n\r\v\f\u0085\u2028\u2029", r):
			marks = 0
			return '\n'
		case unicode.IsSpace(r):
			marks = 0
			return ' '
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs, unicode.Variation_Selector):
			return -1
		case unicode.Is(unicode.M, r):
			if marks++; marks > 2 { // no script needs more on one letter
				return -1
			}
			return r
		}
		marks = 0
		return r
	}, s)
}

// clauses cuts a text behind each sign that ends a thought.
func clauses(s string) []string {
	var out []string
	start := 0
	for i, r := range s {
		if strings.ContainsRune("\n.!?;,。！？；，、…", r) {
			end := i + len(string(r))
			out = append(out, s[start:end])
			start = end
		}
	}
	return append(out, s[start:])
}

// commanding reports whether a text talks to the model about its orders,
// however it is spaced or spelled.
func (c *cleaner) commanding(s string) bool {
	texts := []string{squeezed(s, false)}
	if strings.ContainsAny(s, "0134578@$!|") {
		texts = append(texts, squeezed(s, true))
	}
	for _, t := range texts {
		for _, re := range c.commands {
			if re.MatchString(t) {
				return true
			}
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
	if i := runeIndex(from, r); i >= 0 {
		return rune(to[i]), true
	}
	if i := strings.IndexRune("0134578@$!|", r); digits && i >= 0 {
		return rune("oieastbasil"[i]), true
	}
	return 0, false
}

func runeIndex(s string, want rune) int {
	n := 0
	for _, r := range s {
		if r == want {
			return n
		}
		n++
	}
	return -1
}

// plainWords keeps letters, digits, pictures of faces and things, and a few
// signs that can end nothing and open nothing.
func plainWords(s string) string {
	var b strings.Builder
	space := true
	last := rune(0)
	for _, r := range s {
		ok := unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.Is(unicode.M, r) || emoji(r) || strings.ContainsRune(signs, r)
		if ok && strings.ContainsRune(signs, r) && r == last { // no "--", no "''"
			continue
		}
		if !ok {
			if !space {
				b.WriteByte(' ')
			}
			space, last = true, ' '
			continue
		}
		b.WriteRune(r)
		space, last = false, r
	}
	return strings.Trim(b.String(), " "+signs)
}

// emoji reports whether r is a picture; the signs of programs and drawings
// that share its category are not.
func emoji(r rune) bool {
	return unicode.Is(unicode.So, r) && (r >= 0x1F300 && r < 0x1FB00 || r >= 0x2600 && r < 0x27C0)
}

func firstRunes(s string, n int) string {
	for i := range s {
		if n == 0 {
			return strings.TrimSpace(s[:i])
		}
		n--
	}
	return s
}

// quote is the sentence that carries a note, with as much of the note as
// there is room for; "" when that is too little to say anything.
func quote(l Language, note string, u Unit, room int) (section, kept string) {
	w := words(l)
	for kept = note; kept != ""; kept = firstRunes(kept, len([]rune(kept))-1) {
		if section = w.before + kept + w.after; u.Count(section) <= room {
			break
		}
	}
	if len([]rune(kept)) < min(minNote, len([]rune(note))) {
		return "", ""
	}
	return section, kept
}
