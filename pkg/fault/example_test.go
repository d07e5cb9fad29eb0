package fault_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/imgfleet/imgfleet/pkg/fault"
)

// A stage chooses a code where it knows the cause. The kind follows.
func ExampleNew() {
	err := fault.New(fault.QueueFull).After(30 * time.Second)
	fmt.Println(err.Kind, err.Code, err.Retryable(), err.RetryAfter)
	// Output: unavailable queue_full true 30s
}

// A cause is for logs: clients see the code and its sentence.
func ExampleWrap() {
	err := fmt.Errorf("complete upload: %w", fault.Wrap(fault.StorageUnavailable, errors.New("dial tcp: refused")))
	fmt.Println(err)
	fmt.Println(fault.KindOf(err), errors.Is(err, fault.New(fault.StorageUnavailable)))
	// Output:
	// complete upload: unavailable: storage_unavailable: dial tcp: refused
	// unavailable true
}

// A refused request names each faulty field.
func ExampleFault_At() {
	err := fault.New(fault.OptionsInvalid).
		At("/options/steps", fault.FieldOutOfRange, "must be 1…50").
		At("/options/cfg", fault.FieldOutOfRange, "must be 0…30")
	for _, v := range err.Violations {
		fmt.Println(v.Pointer, v.Code, v.Detail)
	}
	// Output:
	// /options/steps out_of_range must be 1…50
	// /options/cfg out_of_range must be 0…30
}

// A caller acts on the kind, or on one code.
func ExampleCodeOf() {
	err := fmt.Errorf("submit: %w", fault.New(fault.QueueFull))
	switch {
	case fault.CodeOf(err) == fault.QueueFull:
		fmt.Println("wait")
	case fault.KindOf(err) == fault.Unavailable:
		fmt.Println("try another")
	}
	// Output: wait
}
