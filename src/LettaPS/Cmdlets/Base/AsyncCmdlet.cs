using System.Management.Automation;
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

    /// <summary>Asks whether to go on with a change (<c>-WhatIf</c>, <c>-Confirm</c>).</summary>
    /// <param name="target">What would be changed.</param>
    /// <param name="action">How.</param>
    private protected new bool ShouldProcess(string target, string action) => base.ShouldProcess(UntrustedText.ForConsole(target), UntrustedText.ForConsole(action));

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
    private protected Task<bool> ShouldProcessAsync(string target, string action) => AskAsync(() => ShouldProcess(target, action));

    /// <summary>Has a question answered on the pipeline thread, where script blocks run and prompts are shown.</summary>
    /// <param name="question">What to ask there.</param>
    private protected Task<T> AskAsync<T>(Func<T> question) => _pump.AskAsync(question);

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
}
