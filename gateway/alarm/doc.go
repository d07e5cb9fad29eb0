// Package alarm keeps what an operator of this gateway should know now. A stage
// raises an alarm when it notices something and clears it when that is over;
// the admin API shows those that stand.
package alarm
