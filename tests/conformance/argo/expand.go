package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"strconv"

	"github.com/Knetic/govaluate"
	"github.com/argoproj/argo-workflows/v4/util/template"
)

// question asks for the substitution of exactly one of Template, Value and When.
//
// The controller substitutes the JSON text of a template, twice: first with the workflow's global variables, then
// with those of the template (its inputs, among others) too. A null variable is an output that a skipped step lacks.
type question struct {
	// Template is the JSON text of an object, substituted as it stands; any other text is taken as a Value.
	Template *string `json:"template"`
	// Value is one string of a template: encoded as JSON before the substitution, decoded after it.
	Value *string `json:"value"`
	// When is a condition: substituted like a Value, then evaluated to "true" or "false".
	When *string `json:"when"`

	Global map[string]any `json:"global"`
	Local  map[string]any `json:"local"`

	// Whether a tag that is still unresolved in the second pass is an error, instead of being left as it is.
	Strict bool `json:"strict"`
}

// answer has either a result or an error.
type answer struct {
	Result string
	Err    error
}

// MarshalJSON writes {"result": …} or {"error": …}.
func (a answer) MarshalJSON() ([]byte, error) {
	if a.Err != nil {
		return json.Marshal(map[string]string{"error": a.Err.Error()})
	}
	return json.Marshal(map[string]string{"result": a.Result})
}

// expandCommand answers every line of standard input with a line, at once, so that it can serve as a coprocess.
// An error in an answer is an answer: the exit status is 0 unless a line was no question.
func expandCommand(ctx context.Context, std streams) int {
	lines := bufio.NewReader(std.in)
	answers := json.NewEncoder(std.out)
	for count := 1; ; count++ {
		line, readErr := lines.ReadBytes('\n')
		if readErr != nil && !errors.Is(readErr, io.EOF) {
			return complain(std, readErr)
		}
		if len(bytes.TrimSpace(line)) > 0 {
			var q question
			decoder := json.NewDecoder(bytes.NewReader(line))
			decoder.DisallowUnknownFields()
			if err := decoder.Decode(&q); err != nil {
				return complain(std, fmt.Errorf("line %d: %w", count, err))
			}
			if err := answers.Encode(q.answer(ctx)); err != nil {
				return complain(std, err)
			}
		}
		if readErr != nil {
			return 0
		}
	}
}

// answer substitutes, and evaluates if a condition was asked for. The functions an expression calls may panic.
func (q question) answer(ctx context.Context) (a answer) {
	defer func() {
		if cause := recover(); cause != nil {
			a = answer{Err: fmt.Errorf("panic: %v", cause)}
		}
	}()
	switch {
	case q.When != nil && q.Value == nil && q.Template == nil:
		condition, err := q.expandValue(ctx, *q.When)
		if err != nil {
			return answer{Err: err}
		}
		holds, err := evaluateWhen(condition)
		return answer{strconv.FormatBool(holds), err}
	case q.Value != nil && q.When == nil && q.Template == nil:
		text, err := q.expandValue(ctx, *q.Value)
		return answer{text, err}
	case q.Template != nil && q.When == nil && q.Value == nil:
		if !isJSONObject(*q.Template) {
			text, err := q.expandValue(ctx, *q.Template)
			return answer{text, err}
		}
		text, err := q.expand(ctx, *q.Template)
		return answer{text, err}
	}
	return answer{Err: errors.New("ask for one of template, value and when")}
}

// isJSONObject tells the JSON text of a template from a string that stands in one.
func isJSONObject(text string) bool {
	var object map[string]json.RawMessage
	return json.Unmarshal([]byte(text), &object) == nil
}

// expandValue substitutes in one string of a template.
func (q question) expandValue(ctx context.Context, value string) (string, error) {
	document, err := json.Marshal(value)
	if err != nil {
		return "", err
	}
	text, err := q.expand(ctx, string(document))
	if err != nil {
		return "", err
	}
	var result string
	err = json.Unmarshal([]byte(text), &result)
	return result, err
}

// expand makes the controller's two passes over a JSON text.
func (q question) expand(ctx context.Context, document string) (string, error) {
	scope := map[string]any{}
	maps.Copy(scope, q.Global)
	document, err := template.Replace(ctx, document, scope, true)
	if err != nil {
		return "", err
	}
	maps.Copy(scope, q.Local)
	return template.Replace(ctx, document, scope, !q.Strict)
}

// evaluateWhen evaluates a substituted condition; bare words in it are strings, as they are for the controller.
func evaluateWhen(condition string) (bool, error) {
	if condition == "" {
		return true, nil
	}
	parsed, err := govaluate.NewEvaluableExpression(condition)
	if err != nil {
		return false, err
	}
	tokens := parsed.Tokens()
	for i := range tokens {
		if tokens[i].Kind == govaluate.VARIABLE {
			tokens[i].Kind = govaluate.STRING
		}
	}
	if parsed, err = govaluate.NewEvaluableExpressionFromTokens(tokens); err != nil {
		return false, err
	}
	result, err := parsed.Evaluate(nil)
	if err != nil {
		return false, err
	}
	holds, ok := result.(bool)
	if !ok {
		return false, fmt.Errorf("the condition %q is %v, not true or false", condition, result)
	}
	return holds, nil
}
