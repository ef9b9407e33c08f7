using System.Management.Automation;
using System.Management.Automation.Host;
using LettaPS.Core.Sources;
using LettaPS.Core.Text;

namespace LettaPS.Cmdlets.Base;

/// <summary>
/// Base of the cmdlets whose work is asynchronous. Derived classes say what to do with tasks; whatever touches the pipeline goes through
/// <see cref="WriteObjectAsync"/> and its kin. Ctrl+C, <c>Select-Object -First</c> and errors downstream cancel the work and wait for its clean-up.
/// </summary>
public abstract class AsyncCmdlet : PSCmdlet, IDisposable
{
    private readonly PipelineDispatcher _pump = new();
    private ProgressBar? _progress;
    private volatile bool _stopped;

    /// <summary>Runs work to its end while the pipeline thread serves it.</summary>
    /// <param name="work">What to do.</param>
    private protected void RunToEnd(Func<CancellationToken, Task> work)
    {
        StartWork(work);
        FinishWork();
    }

    /// <summary>Starts work that goes on while the cmdlet takes input; <see cref="FinishWork"/> must follow.</summary>
    /// <param name="work">What to do.</param>
    private protected void StartWork(Func<CancellationToken, Task> work) => _pump.Start(work);

    /// <summary>Serves the work until a task of it is over, such as the hand-over of one input object.</summary>
    /// <param name="until">The task.</param>
    private protected void ServeUntil(Task until)
    {
        try
        {
            _pump.RunUntil(until);
        }
        catch (OperationCanceledException) when (_stopped)
        {
            throw new PipelineStoppedException();
        }
    }

    /// <summary>Serves the work until it is over. What it threw becomes the cmdlet's terminating error.</summary>
    private protected void FinishWork()
    {
        Exception? failure;
        try
        {
            failure = _pump.Finish();
        }
        catch (OperationCanceledException) when (_stopped)
        {
            throw new PipelineStoppedException();
        }

        if (failure is OperationCanceledException && _stopped)
        {
            throw new PipelineStoppedException();
        }

        if (failure is not null)
        {
            ThrowTerminatingError(failure.ToErrorRecord());
        }
    }

    /// <summary>Writes an object from the work.</summary>
    /// <param name="value">The object.</param>
    private protected ValueTask WriteObjectAsync(object value) => _pump.PostAsync(() => WriteObject(value));

    /// <summary>Writes a non-terminating error from the work.</summary>
    /// <param name="exception">The failure.</param>
    /// <param name="target">What was worked on.</param>
    private protected ValueTask WriteErrorAsync(Exception exception, object? target = null) => _pump.PostAsync(() => WriteError(exception.ToErrorRecord(target)));

    /// <summary>Writes a warning from the work.</summary>
    /// <param name="message">What the user should change.</param>
    private protected ValueTask WriteWarningAsync(string message) => _pump.PostAsync(() => WriteWarning(message));

    /// <summary>Shows a line on the console that is no part of the output; <c>-InformationAction</c> and <c>6&gt;</c> apply to it.</summary>
    /// <param name="message">The line.</param>
    private protected void WriteHost(string message) => WriteInformation(new HostInformationMessage { Message = UntrustedText.ForConsole(message) }, ["PSHOST"]);

    /// <summary>Shows such a line from the work.</summary>
    /// <param name="message">The line.</param>
    private protected ValueTask WriteHostAsync(string message) => _pump.PostAsync(() => WriteHost(message));

    /// <summary>Says from the work what is done to what.</summary>
    /// <param name="message">The message.</param>
    private protected ValueTask WriteVerboseAsync(string message) => _pump.PostAsync(() => WriteVerbose(message));

    // Names and texts of servers and files are in what follows, and none of them is to move the cursor or to change the colours of the console.

    /// <summary>Writes a warning.</summary>
    /// <param name="text">What the user should change.</param>
    private protected new void WriteWarning(string text) => base.WriteWarning(UntrustedText.ForConsole(text));

    /// <summary>Writes what is done to what.</summary>
    /// <param name="text">The message.</param>
    private protected new void WriteVerbose(string text) => base.WriteVerbose(UntrustedText.ForConsole(text));

    /// <summary>Whether the command only says what it would do.</summary>
    private protected bool IsWhatIf => MyInvocation.BoundParameters.TryGetValue("WhatIf", out var given)
        ? (SwitchParameter)given
        : SessionState.PSVariable.GetValue("WhatIfPreference") is true or SwitchParameter { IsPresent: true };

    /// <summary>Whether every question is answered with yes: by <c>-Confirm:$false</c>, by <c>-Force</c> without <c>-Confirm</c>, or by <c>$ConfirmPreference</c>.</summary>
    private bool IsConfirmed => MyInvocation.BoundParameters.TryGetValue("Confirm", out var given)
        ? !(SwitchParameter)given
        : IsForced || SessionState.PSVariable.GetValue("ConfirmPreference")?.ToString() == nameof(ConfirmImpact.None);

    private bool IsForced => MyInvocation.BoundParameters.TryGetValue("Force", out var given) && given is SwitchParameter { IsPresent: true };

    /// <summary>Asks whether to go on with a change (<c>-WhatIf</c>, <c>-Confirm</c>, <c>-Force</c>).</summary>
    /// <param name="target">What would be changed.</param>
    /// <param name="action">How.</param>
    private protected new bool ShouldProcess(string target, string action)
    {
        var (shownTarget, shownAction) = (UntrustedText.ForConsole(target), UntrustedText.ForConsole(action));
        return ShouldProcess($"Performing the operation \"{shownAction}\" on target \"{shownTarget}\".", () => base.ShouldProcess(shownTarget, shownAction));
    }

    /// <summary>Asks the same in other words.</summary>
    /// <param name="description">What is done, for <c>-WhatIf</c> and <c>-Verbose</c>.</param>
    /// <param name="question">The question.</param>
    /// <param name="caption">The heading of the question.</param>
    private protected new bool ShouldProcess(string description, string question, string caption)
    {
        var (shownDescription, shownQuestion) = (UntrustedText.ForConsole(description), UntrustedText.ForConsole(question));
        return ShouldProcess(shownDescription, () => base.ShouldProcess(shownDescription, shownQuestion, caption));
    }

    /// <summary>A progress bar for work that may take its time.</summary>
    /// <param name="activity">What is being done.</param>
    /// <param name="things">What is counted, in the plural; empty where nothing is.</param>
    private protected ProgressBar NewProgress(string activity, string things = "") => _progress = new(activity, things, record => TryPost(() => WriteProgress(record())));

    /// <summary>Says from the work that a request is sent again: verbosely, and in the progress bar while LettaPS waits.</summary>
    /// <param name="retry">The request.</param>
    private protected ValueTask WriteRetryAsync(ServerRetry retry)
    {
        _progress?.SetWait(retry.Message, retry.Wait);
        return WriteVerboseAsync(retry.Message);
    }

    /// <summary>Does work under a progress bar, which shows itself when it takes longer than a second.</summary>
    /// <param name="progress">The bar.</param>
    /// <param name="work">What to do.</param>
    private protected async Task ShowAsync(ProgressBar progress, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await using (progress.Begin().ConfigureAwait(false))
            {
                await work().ConfigureAwait(false);
            }
        }
        finally
        {
            if (progress.Shown && !cancellationToken.IsCancellationRequested)
            {
                await _pump.PostAsync(() => WriteProgress(progress.Completed)).ConfigureAwait(false);
            }
        }
    }

    /// <summary>Runs work to its end under a progress bar.</summary>
    /// <param name="progress">The bar.</param>
    /// <param name="work">What to do.</param>
    private protected void RunToEnd(ProgressBar progress, Func<CancellationToken, Task> work) => RunToEnd(cancellationToken => ShowAsync(progress, () => work(cancellationToken), cancellationToken));

    /// <summary>Has an action run on the pipeline thread, unless it is busy; from any thread, without waiting.</summary>
    /// <param name="action">What to run there.</param>
    /// <returns>Whether it will run.</returns>
    private protected bool TryPost(Action action) => _pump.TryPost(action);

    /// <summary>Asks from the work whether to go on with a change (<c>-WhatIf</c>, <c>-Confirm</c>).</summary>
    /// <param name="target">What would be changed.</param>
    /// <param name="action">How.</param>
    private protected Task<bool> ShouldProcessAsync(string target, string action) => AnswerAsync(() => ShouldProcess(target, action));

    /// <summary>Asks from the work about something that a user may not expect of the command. <c>-Confirm:$false</c> and <c>-Force</c> answer that too.</summary>
    /// <param name="question">The question.</param>
    /// <param name="caption">The heading of the question.</param>
    /// <param name="answers">What was answered for all that follow.</param>
    private protected Task<bool> ShouldContinueAsync(string question, string caption, AnswersForAll answers) => AnswerAsync(() => IsConfirmed || Ask(
        UntrustedText.ForConsole(question), () => ShouldContinue(UntrustedText.ForConsole(question), caption, ref answers.Yes, ref answers.No)));

    /// <summary>Has a question answered on the pipeline thread, where script blocks run and prompts are shown.</summary>
    /// <param name="question">What to ask there.</param>
    private protected Task<T> AskAsync<T>(Func<T> question) => _pump.AskAsync(question);

    private bool ShouldProcess(string description, Func<bool> question)
    {
        // What -WhatIf writes, PowerShell writes; and it asks wherever it is to.
        if (!IsForced || !IsConfirmed || IsWhatIf)
        {
            return Ask(description, question);
        }

        WriteVerbose(description);
        return true;
    }

    /// <summary>Asks the user.</summary>
    /// <exception cref="LettaException"><c>ConfirmationRequired</c>: nobody can be asked.</exception>
    private static bool Ask(string description, Func<bool> question)
    {
        try
        {
            return question();
        }
        catch (Exception e) when (e is HostException or InvalidOperationException or NotImplementedException)
        {
            throw new LettaException(
                ErrorIds.ConfirmationRequired,
                LettaErrorKind.InvalidInput,
                $"A confirmation is needed, and the host cannot prompt. LettaPS did not do this: {description}",
                "See what would be done with -WhatIf, then allow it without a prompt: add -Confirm:$false",
                null,
                e);
        }
    }

    /// <summary>Asks on the pipeline thread. What is thrown there would end the pipeline, and so a refusal comes back as an answer.</summary>
    private async Task<bool> AnswerAsync(Func<bool> question)
    {
        var (answer, refusal) = await AskAsync<(bool, LettaException?)>(() =>
        {
            try
            {
                return (question(), null);
            }
            catch (LettaException e)
            {
                return (false, e);
            }
        }).ConfigureAwait(false);
        return refusal is null ? answer : throw refusal;
    }

    /// <inheritdoc/>
    protected override void StopProcessing()
    {
        _stopped = true;
        _pump.Cancel();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(disposing: true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Ends the work and waits for its clean-up.</summary>
    /// <param name="disposing">Whether called from <see cref="Dispose()"/>.</param>
    protected virtual void Dispose(bool disposing)
    {
        if (disposing)
        {
            _pump.Dispose();
        }
    }

    /// <summary>Yes to all and no to all, as they were answered so far.</summary>
    private protected sealed class AnswersForAll
    {
        /// <summary>Whether all that follows is agreed to.</summary>
        public bool Yes;

        /// <summary>Whether all that follows is declined.</summary>
        public bool No;
    }
}
