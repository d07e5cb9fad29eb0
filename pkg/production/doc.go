// Package production is the one table of what environment: prod refuses.
// Gateway and worker feed it facts of their configuration; it feeds them a
// fault for each row that is broken, named by the operator's key. The guide
// for operators shows the same table.
package production
