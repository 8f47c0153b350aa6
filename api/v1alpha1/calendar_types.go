// SPDX-License-Identifier: Apache-2.0

package v1alpha1

// Weekday is a day of the week.
// +kubebuilder:validation:Enum=Mon;Tue;Wed;Thu;Fri;Sat;Sun
type Weekday string

// TimeOfDay is a time of day on the wall, 00:00 to 24:00.
// +kubebuilder:validation:MinLength=5
// +kubebuilder:validation:MaxLength=5
// +kubebuilder:validation:Pattern=`^(([01][0-9]|2[0-3]):[0-5][0-9]|24:00)$`
type TimeOfDay string

// Shift is a stretch of working time within a day.
// +kubebuilder:validation:XValidation:rule="self.from < self.to",message="a shift ends after it begins; one that crosses midnight is two shifts"
type Shift struct {
	// from is when the shift begins.
	// +required
	From TimeOfDay `json:"from,omitempty"`

	// to is when the shift ends; 24:00 is midnight at the end of the day.
	// +required
	To TimeOfDay `json:"to,omitempty"`
}

// WorkingHours are the shifts of some days of the week.
type WorkingHours struct {
	// days that the shifts apply to.
	// +required
	// +listType=set
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Days []Weekday `json:"days,omitempty"`

	// shifts of each of the days, in any order; those that overlap count once.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=8
	Shifts []Shift `json:"shifts,omitempty"`
}

// CalendarException replaces the hours of one date.
type CalendarException struct {
	// date as YYYY-MM-DD in the calendar's time zone.
	// +required
	// +kubebuilder:validation:MinLength=10
	// +kubebuilder:validation:MaxLength=10
	// +kubebuilder:validation:Pattern=`^[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$`
	Date string `json:"date,omitempty"`

	// shifts of that date; none means closed.
	// +optional
	// +listType=atomic
	// +kubebuilder:validation:MaxItems=8
	Shifts []Shift `json:"shifts,omitempty"`

	// name of the exception, for people. The weekly report shows it beside the date.
	// +optional
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=63
	Name string `json:"name,omitempty"`
}

// Calendar of business hours.
type Calendar struct {
	// timeZone is an IANA name such as America/New_York.
	// +required
	// +kubebuilder:validation:MinLength=1
	// +kubebuilder:validation:MaxLength=64
	// +kubebuilder:validation:XValidation:rule="self == 'UTC' || (self.contains('/') && timestamp('2020-01-01T00:00:00Z').getHours(self) >= 0)",message="not an IANA time zone such as America/New_York"
	TimeZone string `json:"timeZone,omitempty"`

	// hours of the week. A day that none of the entries names is closed.
	// +required
	// +listType=atomic
	// +kubebuilder:validation:MinItems=1
	// +kubebuilder:validation:MaxItems=7
	Hours []WorkingHours `json:"hours,omitempty"`

	// exceptions replace the hours of single dates: holidays, half days, a working Saturday.
	// +optional
	// +listType=map
	// +listMapKey=date
	// +kubebuilder:validation:MaxItems=200
	Exceptions []CalendarException `json:"exceptions,omitempty"`

	// holidays closes the public holidays of a region: an ISO 3166 code in small letters, of a country (us) or of one of its parts (de-by). Where
	// one is observed on another day, that day is closed too. The region is what is signed. Its dates are written out into the ratified
	// revision when that is made, from the year before until ten years after, and never change. An exception of the same date replaces a
	// holiday. `kubectl sla lint` names the known regions.
	// +optional
	// +kubebuilder:validation:MinLength=2
	// +kubebuilder:validation:MaxLength=6
	// +kubebuilder:validation:Pattern=`^[a-z]{2}(-[a-z]{2,3})?$`
	Holidays string `json:"holidays,omitempty"`
}
