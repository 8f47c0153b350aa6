// SPDX-License-Identifier: Apache-2.0

package worker

import (
	"context"
	"log/slog"
	"time"

	"github.com/handoff-sla/handoff/internal/tracing/otlp"
)

// flushFor is how long the end of a process waits for traces that are not sent yet.
const flushFor = 5 * time.Second

// Trace sets tracing up by the environment; see otlp.Setup. The function that it returns is called when everything else has ended.
func Trace(ctx context.Context, log *slog.Logger) (stop func(), err error) {
	shutdown, err := otlp.Setup(ctx, log)
	if err != nil {
		return nil, err
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushFor)
		defer cancel()
		if err := shutdown(ctx); err != nil {
			log.Warn("the last traces could not be sent", "error", err.Error())
		}
	}, nil
}
