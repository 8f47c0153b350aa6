// SPDX-License-Identifier: Apache-2.0

package crm

import (
	"context"
	"time"
)

// System is a CRM that keeps the leads.
type System interface {
	// Name of the product, for messages: HubSpot or Salesforce.
	Name() string
	// Describe reads what the CRM says of itself: its account, its fields, its owners, its limits.
	Describe(ctx context.Context) (Schema, error)
	Reader
	Writer
}

// Stream is what is read with a position of its own.
type Stream string

// The streams. Engagements and deals are read before the leads, so that the CRM's own automation, which moves a lead when a deal is made, does
// not look like a person who did.
const (
	Deals    Stream = "deals"
	Calls    Stream = "calls"
	Emails   Stream = "emails"
	Meetings Stream = "meetings"
	Tasks    Stream = "tasks"
	Leads    Stream = "leads"
)

// Position in a stream: everything that was modified before Time has been read and, of what was modified at Time, the ids up to ID. The zero
// position is the beginning of the CRM's time.
type Position struct {
	Time time.Time `json:"time,omitzero"`
	ID   string    `json:"id,omitempty"`
}

// Reader reads what has changed.
type Reader interface {
	// Streams of this CRM, in the order in which they are to be read.
	Streams() []Stream
	// Lag is how long a change may take until the CRM's search shows it. A pass over a stream that has come to its end begins the next one
	// this much earlier, so that nothing slips by; what was read twice has one effect.
	Lag() time.Duration
	// Read one page of what was modified since the position. It may hold more than was asked for, and the same twice, but it never leaves out
	// anything that the CRM showed.
	Read(ctx context.Context, stream Stream, from Position) (Page, error)
	// Fetch reads leads by their record ids, as they are now: not from an index that lags. Those that are gone are in Page.Gone.
	Fetch(ctx context.Context, records []string) (Page, error)
}

// Page is a part of a stream.
type Page struct {
	Records []Record
	Touches []Touch
	Deals   []Deal
	Gone    map[string]Gone // record ids

	Next Position // where the next read goes on
	More bool     // there is more now
}

// Record is a lead as the CRM has it.
type Record struct {
	ID       string
	Created  time.Time
	Modified time.Time

	Values map[string]any // by the CRM's own field names, those of the mapping only: string, float64, bool, time.Time; nil for an empty one
	Owner  string         // id of the rep, which is the e-mail address of the owner, lower case; "" when nobody owns it

	// OwnerUnknown is the id of an owner that the CRM knows no e-mail address of: a queue, or a user who left. Owner is empty then.
	OwnerUnknown string

	// History are the changes of owner, status, stage and reason that the CRM remembers, oldest first, each with its time; nil when the CRM
	// does not tell, and then only the values are known. Ours are those that were made with our own credential.
	History []FieldChange

	Merged []string  // records that this one took in
	Gone   Gone      // Converted: it is read, and not written
	Deal   string    // id of the deal that it was converted into
	DealAt time.Time // when
}

// FieldChange is one that the CRM remembers.
type FieldChange struct {
	Field string // the CRM's own name; OwnerField for the owner
	Value string // as in Record.Values, as text; the rep's id for the owner
	At    time.Time
	Ours  bool
}

// OwnerField is the name under which FieldChange has changes of the owner, in every CRM.
const OwnerField = "owner"

// Touch is an engagement that is over: a call that was made, an e-mail that was sent or came in, a meeting that was held, a task that was done.
// What is only planned is none.
type Touch struct {
	Stream  Stream
	ID      string
	Records []string // ids of the leads it belongs to; none: it belongs to no lead
	Time    time.Time
	Logged  time.Time // when it was put on record

	Rep       string // e-mail address of whoever made it; "" when not known
	Channel   string // Phone, Email, Meeting, Social, Message
	Direction string // Outbound, Inbound
	Actor     string // Human, Automated
	Answered  bool   // of a call: somebody took it
	TwoWay    bool   // the lead took part
}

// Deal is an opportunity.
type Deal struct {
	ID       string
	Records  []string // ids of the leads it came of
	Modified time.Time
	State    string // Open, Won, Lost
	Amount   float64
	Currency string // ISO 4217; "" when the CRM has none
}

// Writer writes back.
type Writer interface {
	// MaxWrites is how many go in one call of Write.
	MaxWrites() int
	// Write writes up to MaxWrites records in as few requests as the CRM allows, and answers for each in order, one by one: what is wrong with
	// one spoils no other. Writing the same again changes nothing. An error of a Written is a RefusedError, UnavailableError, CredentialError
	// or GoneError.
	Write(ctx context.Context, writes []Write) []Written
	// Note leaves a text for people at a record, once however often it is asked for with the same key.
	Note(ctx context.Context, n Note) error
}

// Write is what one record is to say. Fields that are not in Values are left alone; nil empties one.
type Write struct {
	Record string // id; "" creates the record, or finds it, by Match
	Values map[string]any
	Owner  *string // id of the rep; nil leaves the owner alone, and an empty one is never written
	Match  *Match

	// Was are the values that were last seen or written, so that an adapter knows in which direction a stage moves.
	Was map[string]any
}

// Match finds a record by the value of a field in which every value is unique, or creates one that has it.
type Match struct {
	Field  string
	Value  string
	Values map[string]any // of a new record
}

// Written is what became of one Write.
type Written struct {
	Record   string    // its id
	Modified time.Time // as the CRM has it after the write; zero when it does not say
	Err      error
}

// Note is a text for people.
type Note struct {
	Record string
	Key    string // tells it from every other note; it stands in the note's text
	Text   string // plain, a line a sentence
}

// Schema is what a CRM says of itself.
type Schema struct {
	Account string // tells apart accounts of the CRM: a portal id, an organisation id
	Fields  map[string]SchemaField
	Owners  map[string]bool // e-mail addresses in lower case of those who can own a lead, and are active
	Lacks   []string        // permissions that are needed and were not granted, by the CRM's names of them, where it says so
}

// FieldType is what a field of a CRM can hold.
type FieldType string

// The types of fields.
const (
	TypeText    FieldType = "Text"
	TypeNumber  FieldType = "Number"
	TypeBoolean FieldType = "Boolean"
	TypeTime    FieldType = "Time"
	TypeDate    FieldType = "Date"
	TypeOptions FieldType = "Options" // one of SchemaField.Options
	TypeOther   FieldType = "Other"
)

// SchemaField is a field of the CRM's leads.
type SchemaField struct {
	Type     FieldType
	Options  []string // the values as they are written, in the CRM's order
	ReadOnly bool
	Shared   bool   // two records may have the same value in it: no record is found by it. False where the CRM does not tell
	Native   string // the CRM's own name of the type, for messages
}

// Allowance is how much of a limit is left, as an answer of the CRM said.
type Allowance struct {
	Limit, Remaining int           // in a window; 0, 0: not said
	Window           time.Duration // its length
	Blocked          time.Duration // ask nothing for this long: the CRM refused a request for its rate

	DayLimit, DayRemaining int // in a day, or 24 hours; 0, 0: not said
}

// Budget is shared by all who use one account of a CRM: every replica, and every contract whose ledger it is.
type Budget interface {
	// Take waits until one more request may be made of a kind that the CRM limits by itself. It gives up with an UnavailableError when that
	// would take longer than the context has, or when the allowance of the day is spent.
	Take(ctx context.Context, kind string) error
	// Told notes what an answer said. In a context of WithTurn it notes, too, that the request of the turn has been counted by now.
	Told(ctx context.Context, kind string, a Allowance) error
}

type turnKey struct{}

// WithTurn is a context for one request, in which a budget leaves when it allowed it. The CRM counts the request when it arrives: between then and its
// answer, of which the same context tells.
func WithTurn(ctx context.Context) context.Context {
	return context.WithValue(ctx, turnKey{}, new(time.Time))
}

// TurnOf a request, to be set or read; nil where nobody asks for it.
func TurnOf(ctx context.Context) *time.Time {
	turn, _ := ctx.Value(turnKey{}).(*time.Time)
	return turn
}

// Access is what an adapter is made from.
type Access struct {
	Settings Settings
	Secret   func(key string) (string, error) // a key of the contract's Secret, as it was when the CRM was made: with another one it is made anew
	Fields   func() []string                  // that are read of a lead, by the CRM's names, beside owner and times
	Budget   Budget
	Now      func() time.Time
}
